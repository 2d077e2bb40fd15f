import type { WorkerEventBody } from "../../model/taskEvent.ts";

/** Pieces of text wait at most this long for more of their kind. */
const waitMs = 50;

/** A joined text is passed on before it becomes longer than this. */
const maxJoined = 16_384;

/**
 * Joins what comes in small pieces (words of a message, output of a tool) into fewer events, as each one becomes a row
 * of the journal. Order is kept: any other event lets the held text go first.
 */
export class EventBuffer {
  readonly #emit: (event: WorkerEventBody) => void;
  #held: WorkerEventBody | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(emit: (event: WorkerEventBody) => void) {
    this.#emit = emit;
  }

  add(event: WorkerEventBody): void {
    const joined = this.#held === undefined ? undefined : join(this.#held, event);
    if (joined === undefined) this.flush();
    if (!isPiece(event)) return this.#emit(event);
    this.#held = joined ?? event;
    this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  /** Passes on what is held. To be called at the end. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#emit(held);
  }
}

function join(first: WorkerEventBody, second: WorkerEventBody): WorkerEventBody | undefined {
  if (!isPiece(first) || !isPiece(second)) return undefined;
  if (first.type === "message" && second.type === "message") {
    const text = first.text + second.text;
    return first.role === second.role && first.messageId === second.messageId && text.length <= maxJoined ? { ...first, text } : undefined;
  }
  if (first.type !== "tool_call" || second.type !== "tool_call" || first.call.toolCallId !== second.call.toolCallId) return undefined;
  const outputDelta = String(first.call.outputDelta) + String(second.call.outputDelta);
  return outputDelta.length <= maxJoined ? { type: "tool_call", call: { ...first.call, outputDelta } } : undefined;
}

/** A message, or an update of a tool call that brings nothing but output. */
function isPiece(event: WorkerEventBody): boolean {
  if (event.type === "message") return true;
  return event.type === "tool_call" && event.call.outputDelta !== undefined && Object.keys(event.call).length === 2;
}
