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
  readonly #openEnd: (text: string) => number;
  #held: WorkerEventBody | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `openEnd` tells how many characters at the end of a text only what follows can explain (the beginning of a secret): they wait for it. */
  constructor(emit: (event: WorkerEventBody) => void, openEnd: (text: string) => number = () => 0) {
    this.#emit = emit;
    this.#openEnd = openEnd;
  }

  add(event: WorkerEventBody): void {
    if (this.#held !== undefined && !belongTogether(this.#held, event)) this.flush();
    if (!isPiece(event)) return this.#emit(event);
    if (this.#held !== undefined && textOf(this.#held).length + textOf(event).length > maxJoined) this.#passOn();
    this.#held = this.#held === undefined ? event : withText(event, textOf(this.#held) + textOf(event));
    this.#timer ??= setTimeout(() => this.#passOn(), waitMs);
  }

  /** Passes on what is held but for its open end. */
  #passOn(): void {
    const held = this.#held;
    if (held === undefined) return;
    const text = textOf(held);
    const open = this.#openEnd(text);
    this.flush(withText(held, text.slice(0, text.length - open)));
    if (open > 0) this.#held = withText(held, text.slice(text.length - open));
  }

  /** Passes on what is held. To be called at the end. */
  flush(held = this.#held): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = undefined;
    if (held !== undefined && textOf(held) !== "") this.#emit(held);
  }
}

function belongTogether(first: WorkerEventBody, second: WorkerEventBody): boolean {
  if (!isPiece(second)) return false;
  if (first.type === "message" && second.type === "message") return first.role === second.role && first.messageId === second.messageId;
  return first.type === "tool_call" && second.type === "tool_call" && first.call.toolCallId === second.call.toolCallId;
}

function textOf(piece: WorkerEventBody): string {
  if (piece.type === "message") return piece.text;
  return piece.type === "tool_call" ? (piece.call.outputDelta ?? "") : "";
}

function withText(piece: WorkerEventBody, text: string): WorkerEventBody {
  if (piece.type === "message") return { ...piece, text };
  return piece.type === "tool_call" ? { ...piece, call: { ...piece.call, outputDelta: text } } : piece;
}

/** A message, or an update of a tool call that brings nothing but output. */
function isPiece(event: WorkerEventBody): boolean {
  if (event.type === "message") return true;
  return event.type === "tool_call" && event.call.outputDelta !== undefined && Object.keys(event.call).length === 2;
}
