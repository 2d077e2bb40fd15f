import type { JsonValue } from "../base/json.ts";
import type { TaskId } from "../model/ids.ts";
import type { ToolCallUpdate, ToolLocation } from "../model/toolCall.ts";
import { cleanLine, cleanText, shorten } from "./cleanText.ts";
import { indent, type Paint } from "./output.ts";

/** What is known of one tool call so far. */
interface ToolCall {
  name: string;
  title: string;
  input: JsonValue | undefined;
  locations: readonly ToolLocation[];
  /** The end of the output; the whole is in the journal. */
  output: string;
  isAnnounced: boolean;
  exitCode: number | undefined;
}

const outputKept = 4_000;
const outputLines = 10;

/** Puts the updates of tool calls together: one line when a call starts, one for each step inside it, one when it ends, the output's end when it failed or with -v. */
export class ToolCallPrinter {
  readonly #calls = new Map<string, ToolCall>();
  readonly #paint: Paint;
  readonly #verbosity: number;

  constructor(paint: Paint, verbosity: number) {
    this.#paint = paint;
    this.#verbosity = verbosity;
  }

  lines(taskId: TaskId, update: ToolCallUpdate): readonly string[] {
    const key = `${taskId} ${update.toolCallId}`;
    const call = this.#calls.get(key) ?? { name: "", title: "", input: undefined, locations: [], output: "", isAnnounced: false, exitCode: undefined };
    this.#calls.set(key, call);
    merge(call, update);
    const { status } = update;
    const isOver = status !== undefined && status !== "pending" && status !== "in_progress";
    if (isOver) this.#calls.delete(key);
    const lines = [...this.#start(call, isOver), ...this.#activity(call, update)];
    return isOver ? [...lines, ...this.#end(call, status)] : lines;
  }

  /** The task's calls that are still open have ended without a word: a line for each that was announced. */
  close(taskId: TaskId): readonly string[] {
    const keys = [...this.#calls.keys()].filter((key) => key.startsWith(`${taskId} `));
    return keys.flatMap((key) => {
      const call = this.#calls.get(key);
      this.#calls.delete(key);
      return call?.isAnnounced === true ? this.#end(call, "cancelled") : [];
    });
  }

  /** The input may come after the first update; the call is announced when there is something to say of it. */
  #start(call: ToolCall, isOver: boolean): readonly string[] {
    const what = describe(call);
    if (call.isAnnounced || (what === "" && !isOver)) return [];
    call.isAnnounced = true;
    return [`${this.#paint.cyan("tool:")} ${[toolName(call), what].filter((part) => part !== "").join(" ")}`];
  }

  #activity(call: ToolCall, { activity = "" }: ToolCallUpdate): readonly string[] {
    return activity === "" ? [] : [this.#paint.dim(`  ${toolName(call)}: ${shorten(cleanLine(activity), 300)}`)];
  }

  #end(call: ToolCall, status: string): readonly string[] {
    const code = call.exitCode === undefined ? "" : `, exit code ${call.exitCode}`;
    const bad = status === "failed" || (call.exitCode ?? 0) !== 0;
    const line = `  ${toolName(call)} ${status}${code}`;
    const tail = bad || this.#verbosity > 0 ? cleanText(call.output).trim().split("\n").slice(-outputLines).join("\n") : "";
    return [bad ? this.#paint.red(line) : this.#paint.dim(line), ...(tail === "" ? [] : [this.#paint.dim(indent(tail))])];
  }
}

function merge(call: ToolCall, update: ToolCallUpdate): void {
  call.name = update.toolName ?? call.name;
  call.title = update.title ?? call.title;
  call.input = update.input ?? call.input;
  call.locations = update.locations ?? call.locations;
  call.exitCode = update.exitCode ?? call.exitCode;
  if (update.outputDelta !== undefined) call.output = (call.output + update.outputDelta).slice(-outputKept);
}

function toolName(call: ToolCall): string {
  return shorten(cleanLine(call.name), 60) || "tool";
}

/** What tells a person most: the command or the path of the input, else the place, else the title. */
function describe({ input, locations: [location], title }: ToolCall): string {
  const fields = new Map(typeof input === "object" && input !== null ? Object.entries(input) : []);
  for (const name of ["command", "path", "file", "url", "query"]) {
    const value = fields.get(name);
    if (typeof value === "string" && value !== "") return shorten(cleanLine(value), 300);
  }
  if (location !== undefined) return shorten(cleanLine(location.line === undefined ? location.path : `${location.path}:${location.line}`), 300);
  return shorten(cleanLine(title), 300);
}
