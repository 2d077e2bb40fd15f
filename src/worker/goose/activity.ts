import { capInput } from "./capInput.ts";
import type { ToolCallNews } from "./sessionUpdates.ts";

type Notification = NonNullable<NonNullable<ToolCallNews["_meta"]>["toolNotification"]>;

/** Longest line of activity (characters). */
const maxLine = 500;

/** The names under which the most telling argument of a tool usually goes. */
const tellingArguments = ["command", "path", "file", "url", "query", "instructions"];

/** What goes on inside a tool call, in a line: a sub-agent's step, a log message or the progress of an MCP tool. */
export function activityOf(notification: Notification | null | undefined): string | undefined {
  const { type, params } = notification ?? {};
  const text = type === "progress" ? progressText(params ?? {}) : type === "message" ? messageText(params?.data) : "";
  const line = text.replaceAll(/\s+/gu, " ").trim().slice(0, maxLine);
  return line === "" ? undefined : line;
}

function progressText({ message, progress, total }: NonNullable<Notification["params"]>): string {
  const percent = Math.round((100 * (progress ?? 0)) / (total ?? 0));
  const share = typeof progress !== "number" ? "" : Number.isFinite(percent) ? `${percent} %` : String(progress);
  return [message ?? "", share === "" || !message ? share : `(${share})`].join(" ");
}

function messageText(data: unknown): string {
  if (typeof data === "string") return data.slice(0, 2 * maxLine);
  if (!isObject(data)) return "";
  const { tool_call: toolCall, message, text } = data;
  if (isObject(toolCall) && typeof toolCall["name"] === "string") return `${toolCall["name"].slice(0, maxLine)}: ${argumentText(toolCall["arguments"])}`;
  const told = typeof message === "string" ? message : text;
  return typeof told === "string" ? told.slice(0, 2 * maxLine) : JSON.stringify(capInput(data)).slice(0, 2 * maxLine);
}

function argumentText(input: unknown): string {
  if (!isObject(input)) return "";
  const telling = tellingArguments.map((name) => input[name]).find((value) => typeof value === "string" && value !== "");
  return typeof telling === "string" ? telling.slice(0, 2 * maxLine) : JSON.stringify(capInput(input)).slice(0, 2 * maxLine);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** So many lines may come at once; then one each interval. */
const burst = 20;
const intervalMs = 250;

/** Keeps what is said without end from filling the journal: a burst passes, then a line now and then. */
export class RateLimit {
  readonly #now: () => number;
  #tokens = burst;
  #last: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#last = now();
  }

  /** Whether one more may pass now. */
  pass(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#last) / intervalMs);
    this.#last = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
