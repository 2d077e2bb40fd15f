import { batchIntervalMs, maxEventText, type WorkerMessage } from "../protocol/hostWorker.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { ToolCallUpdate } from "../model/toolCall.ts";

const maxBatch = 64;

/**
 * Collects messages and posts them as one array at most every 16 ms, in order. Pieces of the same text are joined,
 * texts that are too long for one event are split. What ends an invocation goes out at once.
 */
export class EventBatcher {
  readonly #post: (messages: readonly WorkerMessage[]) => void;
  #pending: WorkerMessage[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (messages: readonly WorkerMessage[]) => void) {
    this.#post = post;
  }

  event(invocationId: number, body: WorkerEventBody): void {
    for (const event of splitEvent(body)) {
      const last = this.#pending.at(-1);
      const joined = last?.type === "event" && last.invocationId === invocationId ? joinEvents(last.event, event) : undefined;
      if (joined === undefined) this.#pending.push({ type: "event", invocationId, event } as WorkerMessage);
      else this.#pending[this.#pending.length - 1] = { type: "event", invocationId, event: joined } as WorkerMessage;
    }
    if (this.#pending.length >= maxBatch) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), batchIntervalMs);
  }

  /** Posts what waits, and then this message, at once. */
  now(message: WorkerMessage): void {
    this.#pending.push(message);
    this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const messages = this.#pending;
    this.#pending = [];
    this.#post(messages);
  }
}

/** Two neighbouring pieces of one text as one; undefined when they do not belong together or get too long. */
function joinEvents(a: WorkerEventBody, b: WorkerEventBody): WorkerEventBody | undefined {
  if (a.type === "message" && b.type === "message" && a.role === b.role && a.messageId === b.messageId) {
    const text = a.text + b.text;
    return text.length <= maxEventText ? { ...a, text } : undefined;
  }
  return a.type === "tool_call" && b.type === "tool_call" ? joinOutput(a.call, b.call) : undefined;
}

function joinOutput(a: ToolCallUpdate, b: ToolCallUpdate): WorkerEventBody | undefined {
  if (a.toolCallId !== b.toolCallId || !isOnlyOutput(b)) return undefined;
  const outputDelta = (a.outputDelta ?? "") + (b.outputDelta ?? "");
  return outputDelta.length <= maxEventText ? { type: "tool_call", call: { ...a, outputDelta } } : undefined;
}

function isOnlyOutput(call: object): boolean {
  return Object.keys(call).every((key) => key === "toolCallId" || key === "outputDelta");
}

function splitEvent(body: WorkerEventBody): readonly WorkerEventBody[] {
  switch (body.type) {
    case "message":
      return pieces(body.text).map((text) => ({ ...body, text }));
    case "tool_call": {
      const [first, ...rest] = pieces(body.call.outputDelta ?? "");
      const { toolCallId } = body.call;
      const head = body.call.outputDelta === undefined ? body : { ...body, call: { ...body.call, outputDelta: first ?? "" } };
      return [head, ...rest.map((outputDelta) => ({ type: "tool_call" as const, call: { toolCallId, outputDelta } }))];
    }
    case "log":
      return [{ ...body, message: body.message.slice(0, maxEventText) }];
    default:
      return [body];
  }
}

/** Pieces of a text that fit into one event each; a surrogate pair is never torn. */
function pieces(text: string): readonly string[] {
  if (text.length <= maxEventText) return [text];
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + maxEventText, text.length);
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}
