import path from "node:path";
import type { ToolCallStatus, ToolCallUpdate, ToolDiff, ToolLocation } from "../../model/toolCall.ts";
import { activityOf, RateLimit } from "./activity.ts";
import { capInput, maxString } from "./capInput.ts";
import type { ToolCallNews } from "./sessionUpdates.ts";

/** Most calls that are open at once: Goose runs a few, and one that only ever begins calls must not fill the memory. */
const maxOpen = 200;
const maxTitle = 1_000;
const maxId = 256;
const maxKind = 64;
const maxLocations = 20;
/** Most changes of files in one update, and most characters of their texts. */
const maxDiffs = 200;
const maxDiffTexts = 2 * 1_048_576;
const maxPath = 4_096;

const finalStatuses: ReadonlySet<ToolCallStatus> = new Set(["completed", "failed", "cancelled", "rejected"]);

/** What the mapper tells: one update of a tool call in journal form. */
export type ToolCallSink = (call: ToolCallUpdate) => void;

interface OpenCall {
  readonly toolName: string;
  /** What it works on, in a few words. */
  readonly subject: string;
  status: ToolCallStatus;
  /** It was not allowed: that it fails is no failure. */
  isRejected: boolean;
  hasTerminal: boolean;
  /** The beginning of the output that was told already. */
  printed: string;
  /** The newest line of activity, while there are too many to tell each. */
  heldActivity: string | undefined;
}

/** Translates Goose's tool calls into journal form and knows which are open. */
export class ToolCallMapper {
  readonly #worktree: string;
  readonly #sink: ToolCallSink;
  readonly #activityLimit: RateLimit;
  readonly #calls = new Map<string, OpenCall>();
  #completed = 0;

  constructor(worktree: string, sink: ToolCallSink, now: () => number = () => performance.now()) {
    this.#worktree = worktree;
    this.#sink = sink;
    this.#activityLimit = new RateLimit(now);
  }

  /** Number of tool calls that ended. */
  get completed(): number {
    return this.#completed;
  }

  get hasOpen(): boolean {
    return this.#calls.size > 0;
  }

  toolName(toolCallId: string): string | undefined {
    return this.#calls.get(shortId(toolCallId))?.toolName;
  }

  /** "shell: npm test"; undefined when the call is not known. */
  describe(toolCallId: string): string | undefined {
    const call = this.#calls.get(shortId(toolCallId));
    return call === undefined ? undefined : call.subject === "" ? call.toolName : `${call.toolName}: ${call.subject}`;
  }

  /** Takes news of a call; returns the terminals that it names. */
  take(news: ToolCallNews): readonly string[] {
    const toolCallId = shortId(news.toolCallId);
    const terminals = terminalsOf(news);
    const isNew = news.sessionUpdate === "tool_call" && !this.#calls.has(toolCallId);
    const call = isNew ? this.#open(toolCallId, news) : this.#calls.get(toolCallId);
    const begin = isNew ? { toolName: call?.toolName ?? "tool", status: "pending" as const } : {};
    const status = newStatus(news, call);
    const update: ToolCallUpdate = {
      toolCallId,
      ...begin,
      ...(status === undefined ? {} : { status }),
      ...descriptionOf(news),
      ...this.#locations(news),
      ...outputOf(news, call),
      ...exitCodeOf(news),
      ...this.#diffs(news),
      ...this.#activity(news, call, status),
    };
    if (call !== undefined) this.#advance(toolCallId, call, { status, hasTerminal: terminals.length > 0 });
    if (Object.keys(update).length > 1) this.#sink(update);
    return terminals;
  }

  /** The call passed the gate. */
  started(toolCallId: string): void {
    const id = shortId(toolCallId);
    const call = this.#calls.get(id);
    if (call === undefined || call.status !== "pending") return;
    call.status = "in_progress";
    this.#sink({ toolCallId: id, status: "in_progress" });
  }

  /** The call was not allowed. */
  rejected(toolCallId: string): void {
    const call = this.#calls.get(shortId(toolCallId));
    if (call !== undefined) call.isRejected = true;
  }

  /** Live output of the call's terminal. */
  output(toolCallId: string, text: string): void {
    const id = shortId(toolCallId);
    const call = this.#calls.get(id);
    if (call !== undefined) notePrinted(call, text);
    this.#sink({ toolCallId: id, outputDelta: text });
  }

  exited(toolCallId: string, exitCode: number): void {
    this.#sink({ toolCallId: shortId(toolCallId), exitCode });
  }

  /** The run is over: Goose says nothing more about calls that are still open. */
  closeOpen(status: "cancelled" | "failed"): void {
    for (const [toolCallId, call] of this.#calls) this.#close(toolCallId, call, status);
  }

  #open(toolCallId: string, news: ToolCallNews): OpenCall {
    const title = typeof news.title === "string" ? news.title : "";
    const toolName = news._meta?.goose?.toolCall?.toolName ?? (title.split(" ", 1)[0] || "tool");
    const call: OpenCall = {
      toolName: toolName.slice(0, maxTitle),
      subject: subjectOf(title),
      status: "pending",
      isRejected: false,
      hasTerminal: false,
      printed: "",
      heldActivity: undefined,
    };
    const [oldest] = this.#calls;
    if (oldest !== undefined && this.#calls.size >= maxOpen) this.#close(...oldest, "failed");
    this.#calls.set(toolCallId, call);
    return call;
  }

  #close(toolCallId: string, { heldActivity }: OpenCall, status: "cancelled" | "failed"): void {
    this.#calls.delete(toolCallId);
    this.#sink({ toolCallId, status, ...(heldActivity === undefined ? {} : { activity: heldActivity }) });
  }

  #advance(toolCallId: string, call: OpenCall, { status, hasTerminal }: { readonly status: ToolCallStatus | undefined; readonly hasTerminal: boolean }): void {
    if (hasTerminal) call.hasTerminal = true;
    if (status !== undefined) call.status = status;
    if (!finalStatuses.has(call.status)) return;
    this.#calls.delete(toolCallId);
    this.#completed++;
  }

  /** A line of activity goes to its call at once, unless there are too many; of those the last is told, at the call's end at the latest. */
  #activity(news: ToolCallNews, call: OpenCall | undefined, status: ToolCallStatus | undefined): { readonly activity?: string } {
    if (call === undefined) return {};
    const activity = activityOf(news._meta?.toolNotification) ?? call.heldActivity;
    if (activity === undefined) return {};
    const isDue = (status !== undefined && finalStatuses.has(status)) || this.#activityLimit.pass();
    call.heldActivity = isDue ? undefined : activity;
    return isDue ? { activity } : {};
  }

  #locations({ locations }: ToolCallNews): { readonly locations?: readonly ToolLocation[] } {
    if (locations === undefined || locations === null || locations.length === 0) return {};
    const places = locations.slice(0, maxLocations).map(({ path, line }): ToolLocation => {
      const isLine = Number.isSafeInteger(line) && Number(line) >= 1;
      return { path: this.#relative(path), ...(isLine ? { line: Number(line) } : {}) };
    });
    return { locations: places };
  }

  #diffs(news: ToolCallNews): { readonly diffs?: readonly ToolDiff[] } {
    let left = maxDiffTexts;
    const text = (whole: string): string => {
      const kept = whole.slice(0, Math.min(maxString, left));
      left -= kept.length;
      return kept;
    };
    const parts = (news.content ?? []).filter(({ type }) => type === "diff").slice(0, maxDiffs);
    const diffs = parts.flatMap((part): ToolDiff[] => {
      if (typeof part.path !== "string") return [];
      const oldText = typeof part.oldText === "string" ? { oldText: text(part.oldText) } : {};
      return [{ path: this.#relative(part.path), ...oldText, newText: text(part.newText ?? "") }];
    });
    return diffs.length === 0 ? {} : { diffs };
  }

  /** Relative to the worktree where it lies inside: the worktree is gone when people read this. */
  #relative(file: string): string {
    // Goose also names paths as its model wrote them.
    const relative = path.relative(this.#worktree, path.resolve(this.#worktree, file));
    const isInside = relative !== "" && !relative.startsWith("..") && !path.isAbsolute(relative);
    return (isInside ? relative.replaceAll("\\", "/") : file).slice(0, maxPath);
  }
}

function terminalsOf(news: ToolCallNews): readonly string[] {
  return (news.content ?? []).flatMap((part) => (part.type === "terminal" && typeof part.terminalId === "string" ? [part.terminalId] : []));
}

function descriptionOf({ title, kind, rawInput }: ToolCallNews): Pick<ToolCallUpdate, "title" | "kind" | "input"> {
  return {
    ...(typeof title === "string" ? { title: title.slice(0, maxTitle) } : {}),
    ...(typeof kind === "string" && kind !== "" ? { kind: kind.slice(0, maxKind) } : {}),
    ...(rawInput === undefined || rawInput === null ? {} : { input: capInput(rawInput) }),
  };
}

/** Of a command that Goose ran itself (in a terminal of ours we see it ourselves). */
function exitCodeOf({ rawOutput }: ToolCallNews): { readonly exitCode?: number } {
  const code = typeof rawOutput === "object" && rawOutput !== null && "exit_code" in rawOutput ? rawOutput.exit_code : undefined;
  return typeof code === "number" && Number.isSafeInteger(code) ? { exitCode: code } : {};
}

function outputOf(news: ToolCallNews, call: OpenCall | undefined): { readonly outputDelta?: string } {
  const live = (news._meta?.toolNotification?.params?.chunks ?? []).map((chunk) => chunk.output ?? "").join("");
  if (call !== undefined) notePrinted(call, live);
  const text = [live, ...resultTexts(news, call)].filter((part) => part !== "").join("\n");
  return text === "" ? {} : { outputDelta: text.slice(0, maxString) };
}

/** The texts of a call's content, without what was told already while it worked. */
function resultTexts(news: ToolCallNews, call: OpenCall | undefined): readonly string[] {
  const texts = (news.content ?? []).map((part) => (part.type === "content" ? (part.content?.text ?? "") : ""));
  if (call === undefined) return texts;
  if (!call.hasTerminal) return texts.map((text) => withoutPrinted(text, call.printed));
  // Of a command in our terminal we know output and exit code; only another reason for its failure is news.
  const [reason = ""] = news.status === "failed" ? texts : [];
  return /^exit code: -?\d+$/.test(reason) ? [] : [withoutPrinted(reason, call.printed)];
}

/** Goose ends live output with the whole of it once more. */
function withoutPrinted(text: string, printed: string): string {
  const told = printed.trimEnd();
  return told !== "" && text.startsWith(told) ? text.slice(told.length).trimStart() : text;
}

function notePrinted(call: OpenCall, text: string): void {
  if (call.printed.length < maxString) call.printed = (call.printed + text).slice(0, maxString);
}

/** The status that a piece of news brings: each one of a call that works repeats that it works. */
function newStatus({ status }: ToolCallNews, call: OpenCall | undefined): ToolCallStatus | undefined {
  const isKnown = status === "pending" || status === "in_progress" || status === "completed" || status === "failed";
  if (status === "failed" && call?.isRejected === true) return "rejected";
  return isKnown && status !== call?.status ? status : undefined;
}

/** Titles read "shell · npm test". */
function subjectOf(title: string): string {
  const [, ...rest] = title.split(" · ");
  return rest.join(" · ").replaceAll(/\s+/g, " ").trim().slice(0, 200);
}

/** The id of a tool call as the journal has it. */
export function shortId(toolCallId: string): string {
  return toolCallId.slice(0, maxId);
}
