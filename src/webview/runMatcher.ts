import type { TaskEvent } from "../model/taskEvent.ts";
import type { ToolCallUpdate } from "../model/toolCall.ts";

/** A text that grows, as far as a match can still reach across its end. */
interface OpenText {
  readonly seq: number;
  tail: string;
}

/**
 * Finds a text in a journal that is given in its order, also where it is cut between two pieces. A hit is the number of the
 * event with which a row of the view begins (a tool call) or in which the match ends (a message).
 */
export class RunMatcher {
  readonly #wanted: string;
  readonly #calls = new Map<string, OpenText>();
  #message: (OpenText & { readonly key: string }) | undefined;

  constructor(text: string) {
    this.#wanted = text.toLowerCase();
  }

  /** The hits of the next events; a number may come again. */
  take(events: readonly TaskEvent[]): readonly number[] {
    return events.flatMap((event) => this.#hitOf(event) ?? []);
  }

  #hitOf(event: TaskEvent): number | undefined {
    if (event.type === "message") return this.#inMessage(event) ? event.seq : undefined;
    if (event.type === "tool_call") return this.#inCall(event);
    if (quietTypes.has(event.type)) return undefined;
    this.#message = undefined;
    return wordsOf(event).some((text) => text.toLowerCase().includes(this.#wanted)) ? event.seq : undefined;
  }

  #inMessage({ seq, attempt, role, messageId, text }: Extract<TaskEvent, { type: "message" }>): boolean {
    const key = `${attempt} ${role} ${messageId}`;
    if (this.#message?.key !== key) this.#message = { key, seq, tail: "" };
    return this.#isIn(this.#message, text);
  }

  #inCall({ seq, attempt, call }: Extract<TaskEvent, { type: "tool_call" }>): number | undefined {
    const key = `${attempt} ${call.toolCallId}`;
    let row = this.#calls.get(key);
    if (row === undefined) {
      row = { seq, tail: "" };
      this.#calls.set(key, row);
      this.#message = undefined;
    }
    const isInOutput = call.outputDelta !== undefined && this.#isIn(row, call.outputDelta);
    return isInOutput || textsOf(call).some((text) => text.toLowerCase().includes(this.#wanted)) ? row.seq : undefined;
  }

  #isIn(open: OpenText, piece: string): boolean {
    const text = open.tail + piece.toLowerCase();
    open.tail = this.#wanted.length === 1 ? "" : text.slice(1 - this.#wanted.length);
    return text.includes(this.#wanted);
  }
}

/** Events that leave no row in the view. */
const quietTypes: ReadonlySet<TaskEvent["type"]> = new Set(["progress_update", "usage", "plan"]);

function textsOf({ toolName, title, input, diffs = [], activity }: ToolCallUpdate): readonly string[] {
  const changes = diffs.flatMap(({ path, oldText = "", newText }) => [path, oldText, newText]);
  return [toolName ?? "", title ?? "", input === undefined ? "" : JSON.stringify(input), activity ?? "", ...changes];
}

/** What a line of the view quotes from its event. */
function wordsOf(event: TaskEvent): readonly string[] {
  switch (event.type) {
    case "error":
      return [event.message, event.code, event.details ?? ""];
    case "log":
      return [event.message];
    case "completed":
      return [event.summary];
    case "attention":
      return [event.attention?.message ?? ""];
    case "paused":
    case "stopped":
    case "cancelled":
    case "requeued":
      return [event.reason];
    default:
      return [];
  }
}
