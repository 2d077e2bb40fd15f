import type { TaskId } from "../model/ids.ts";
import { endsToolCalls, type MessageRole, type PlanEntry, type TaskEvent } from "../model/taskEvent.ts";
import { isSaidMessageId } from "../model/userMessage.ts";
import { answerText, howToAnswer } from "./questionText.ts";
import { cleanLine, cleanText, shorten } from "./cleanText.ts";
import { indent, type Output, type Paint } from "./output.ts";
import { eventJson } from "./taskJson.ts";
import { localTime } from "./taskText.ts";
import { ToolCallPrinter } from "./toolCallPrinter.ts";

type EventOf<T extends TaskEvent["type"]> = Extract<TaskEvent, { readonly type: T }>;

/** What is being said in one task: pieces of one message until its lines are complete. */
interface Speech {
  readonly key: string;
  readonly role: MessageRole;
  text: string;
}

const planMarks: { readonly [S in PlanEntry["status"]]: string } = { pending: " ", in_progress: ">", completed: "x" };

/** Text without a line break is shown at this length at the latest, so that nothing is held back for long. */
const longestLine = 400;

/**
 * Prints a task's events as they come: NDJSON for a program, lines for people. Message pieces are put together to
 * lines first: lines of parallel tasks do not mix, and an escape sequence cut in two is still recognised.
 */
export class EventPrinter {
  readonly #output: Output;
  readonly #paint: Paint;
  readonly #withIds: boolean;
  readonly #tools: ToolCallPrinter;
  readonly #speeches = new Map<TaskId, Speech>();
  readonly #progress = new Map<TaskId, string>();
  /** Tasks whose agent speaks and acts now: their progress only repeats what is shown anyway. */
  readonly #talking = new Set<TaskId>();

  constructor(output: Output, options: { readonly withIds: boolean }) {
    this.#output = output;
    this.#paint = output.paint;
    this.#withIds = options.withIds;
    this.#tools = new ToolCallPrinter(output.paint, output.verbosity);
  }

  print(event: TaskEvent, title?: string): void {
    if (this.#output.json) return this.#output.record("event", eventJson(event));
    this.#noteTalk(event);
    if (event.type === "message") return this.#hear(event);
    const closed = endsToolCalls(event) ? this.#tools.close(event.taskId) : [];
    const lines = [...closed, ...this.#lines(event, title)];
    if (lines.length === 0) return;
    this.flush(event.taskId);
    for (const line of lines) this.#line(event.taskId, line);
  }

  /** Prints what is still held back of a task's message, or of all. */
  flush(taskId?: TaskId): void {
    for (const [id, speech] of this.#speeches) {
      if (taskId !== undefined && id !== taskId) continue;
      this.#speeches.delete(id);
      if (speech.text.trim() !== "") this.#say(id, speech.role, speech.text);
    }
  }

  #noteTalk({ taskId, type }: TaskEvent): void {
    if (type === "message" || type === "tool_call") this.#talking.add(taskId);
    else if (type === "checkpoint" || type === "started" || type === "resumed") this.#talking.delete(taskId);
  }

  #hear({ taskId, role, messageId, text }: EventOf<"message">): void {
    // The task's own text, repeated by Goose, is no news; that Goose has the user's later words is.
    if (role === "user" && this.#output.verbosity === 0 && !isSaidMessageId(messageId)) return;
    const key = `${role} ${messageId}`;
    if (this.#speeches.get(taskId)?.key !== key) this.flush(taskId);
    const speech = this.#speeches.get(taskId) ?? { key, role, text: "" };
    this.#speeches.set(taskId, speech);
    const [complete, rest] = splitLines(speech.text + text, this.#width());
    if (complete !== "") this.#say(taskId, role, complete);
    speech.text = rest;
  }

  #width(): number {
    const { columns } = this.#output;
    return columns === undefined ? longestLine : Math.max(20, columns - (this.#withIds ? 10 : 0) - 2);
  }

  #say(taskId: TaskId, role: MessageRole, text: string): void {
    for (const line of cleanText(text).replace(/\n$/, "").split("\n")) this.#line(taskId, this.#spoken(role, line));
  }

  #spoken(role: MessageRole, line: string): string {
    if (role === "agent") return line;
    return role === "notice" ? this.#paint.yellow(`goose: ${line}`) : this.#paint.dim(`${role === "thought" ? "thinking" : "told"}: ${line}`);
  }

  #line(taskId: TaskId, line: string): void {
    this.#output.line(this.#withIds ? `${this.#paint.dim(`${taskId} |`)} ${line.replaceAll("\n", `\n${this.#paint.dim(`${taskId} |`)} `)}` : line);
  }

  #lines(event: Exclude<TaskEvent, { type: "message" }>, title: string | undefined): readonly string[] {
    switch (event.type) {
      case "tool_call":
        return this.#tools.lines(event.taskId, event.call);
      case "progress_update":
        return this.#progressLines(event);
      case "error":
        return this.#errorLines(event);
      case "completed":
        return this.#completedLines(event);
      case "log":
        return this.#logLines(event);
      case "attention":
        return this.#attentionLines(event);
      case "answer":
        return [this.#paint.bold(answerText(event))];
      case "checkpoint":
        return this.#output.verbosity > 0 ? [this.#paint.dim(`step: ${event.step.replace("_", " ")}`)] : [];
      case "plan":
        return event.entries.map(({ text, status }) => this.#paint.dim(`plan: [${planMarks[status]}] ${cleanLine(text)}`));
      case "usage":
        return [];
      default:
        return [this.#paint.bold(transitionText(event, title))];
    }
  }

  #progressLines({ taskId, progress }: EventOf<"progress_update">): readonly string[] {
    if (this.#talking.has(taskId) && this.#output.verbosity === 0) return [];
    const text = `${progress.percent} % ${cleanLine(progress.message)}`.trimEnd();
    if (this.#progress.get(taskId) === text) return [];
    this.#progress.set(taskId, text);
    return [this.#paint.dim(`progress: ${text}`)];
  }

  #logLines({ level, message }: EventOf<"log">): readonly string[] {
    const isNews = level === "warn" || level === "error" || this.#output.verbosity > 0;
    return isNews ? [this.#paint.dim(`${level}: ${cleanText(message).trimEnd()}`)] : [];
  }

  #attentionLines({ taskId, attention }: EventOf<"attention">): readonly string[] {
    return attention === null ? [] : [this.#paint.yellow(`needs you (${attention.kind}): ${cleanLine(attention.message)}`), ...howToAnswer(taskId, attention)];
  }

  #errorLines(event: EventOf<"error">): readonly string[] {
    const again = event.willRetryAt === undefined ? "" : ` (can be tried again at ${localTime(event.willRetryAt)})`;
    const details = event.details === undefined ? [] : [this.#paint.dim(indent(lastLines(cleanText(event.details), 10)))];
    return [`${this.#paint.red("failed:")} ${cleanText(event.message).trimEnd()}${again}`, ...details];
  }

  #completedLines(event: EventOf<"completed">): readonly string[] {
    const freed = event.unblocked.length === 0 ? [] : [`ready now: ${event.unblocked.join(", ")}`];
    return [`${this.#paint.green("done:")} ${shorten(cleanLine(event.summary), 500)}`, ...freed];
  }
}

type Transition = EventOf<
  | "created"
  | "started"
  | "paused"
  | "resumed"
  | "stopped"
  | "cancelled"
  | "requeued"
  | "blocked"
  | "unblocked"
  | "dependencies"
  | "removed"
  | "requested"
  | "said"
  | "stop_tool_call"
  | "compacted"
>;

function transitionText(event: Transition, title: string | undefined): string {
  switch (event.type) {
    case "created":
    case "removed":
      return event.type;
    case "started":
      return phrase(event.attempt > 1 ? `started (attempt ${event.attempt})` : "started", title);
    case "resumed":
      return phrase("resumed", title);
    case "requeued":
      return phrase("back in the queue", event.reason);
    case "blocked":
      return `blocked: waits for ${event.by.join(", ")}`;
    case "unblocked":
      return event.by === undefined ? "ready" : `ready: ${event.by} is done`;
    case "dependencies":
      return event.dependsOn.length === 0 ? "depends on nothing now" : `depends on ${event.dependsOn.join(", ")} now`;
    case "compacted":
      return `${event.removed} older ${event.removed === 1 ? "entry" : "entries"} removed`;
    case "said":
      return phrase("you said", event.message.text);
    case "stop_tool_call":
      return "asked to stop a tool call";
    case "requested":
      return `asked to ${event.request}`;
    default:
      return phrase(event.type, event.reason);
  }
}

function phrase(what: string, more = ""): string {
  // Said once where the reason itself begins with what happened.
  if (more.toLowerCase().startsWith(`${what} `)) return cleanLine(`${what}${more.slice(what.length)}`);
  return more === "" ? what : `${what}: ${cleanLine(more)}`;
}

/** Splits at the last line break; a rest longer than the width is broken at a space. */
function splitLines(text: string, width: number): readonly [complete: string, rest: string] {
  const end = text.lastIndexOf("\n") + 1;
  let [complete, rest] = [text.slice(0, end), text.slice(end)];
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const cut = space > 0 ? space + 1 : rest.length > longestLine ? longestLine : 0;
    if (cut === 0) break;
    complete += `${rest.slice(0, cut).trimEnd()}\n`;
    rest = rest.slice(cut);
  }
  return [complete, rest];
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
