import { batchIntervalMs, maxBatch, maxEventText, maxUnacknowledged, type WorkerMessage } from "../protocol/hostWorker.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { ToolCallUpdate } from "../model/toolCall.ts";

/** What an invocation has to say and may not post yet. */
interface Stream {
  waiting: WorkerMessage[];
  /** Events that are on their way to the journal. */
  unacknowledged: number;
  /** Settles when there is room again. */
  room: PromiseWithResolvers<void> | undefined;
}

type Ending = Extract<WorkerMessage, { type: "completed" | "failed" | "permission" }>;

/**
 * Collects messages and posts them in arrays at most every 16 ms, in order within an invocation. Pieces of the same text are
 * joined, texts that are too long for one event are split. What ends an invocation goes out at once, but never before its events.
 *
 * Of each invocation only so many events are on their way at once. What is more waits here, and goes on being joined, until the host
 * has acknowledged some; a source that can be held asks for room.
 */
export class EventBatcher {
  readonly #post: (messages: readonly WorkerMessage[]) => void;
  readonly #streams = new Map<number, Stream>();
  /** How many messages came since the last flush. */
  #fresh = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (messages: readonly WorkerMessage[]) => void) {
    this.#post = post;
  }

  event(invocationId: number, body: WorkerEventBody): void {
    const { waiting } = this.#stream(invocationId);
    for (const event of splitEvent(body)) {
      const last = waiting.at(-1);
      const joined = last?.type === "event" ? joinEvents(last.event, event) : undefined;
      if (joined !== undefined) waiting.pop();
      else this.#fresh += 1;
      waiting.push({ type: "event", invocationId, event: joined ?? event } as WorkerMessage);
    }
    if (this.#fresh >= maxBatch) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), batchIntervalMs);
  }

  /** Posts a message that has nothing to do with the order of events. */
  now(message: Exclude<WorkerMessage, Ending | { type: "event" }>): void {
    this.#post([message]);
  }

  /** Posts a message behind the events of its invocation: at once, unless they have to wait. */
  behind(message: Ending): void {
    this.#stream(message.invocationId).waiting.push(message);
    this.flush();
  }

  /** The host has so many more events of the invocation behind it. */
  acknowledge(invocationId: number, events: number): void {
    const stream = this.#streams.get(invocationId);
    if (stream === undefined) return;
    stream.unacknowledged = Math.max(0, stream.unacknowledged - events);
    if (stream.waiting.length > 0) this.flush();
  }

  /** Undefined while the invocation may go on; else settles when there is room again for what it has to say. */
  room(invocationId: number): Promise<void> | undefined {
    const stream = this.#streams.get(invocationId);
    if (stream === undefined || stream.waiting.length < maxUnacknowledged) return undefined;
    stream.room ??= Promise.withResolvers<void>();
    return stream.room.promise;
  }

  /** Invocations whose last words have not all gone out. */
  get held(): readonly number[] {
    return [...this.#streams].flatMap(([id, { waiting }]) => (waiting.length > 0 ? [id] : []));
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#fresh = 0;
    const messages = [...this.#streams].flatMap(([invocationId, stream]) => this.#take(invocationId, stream));
    for (let start = 0; start < messages.length; start += maxBatch) this.#post(messages.slice(start, start + maxBatch));
  }

  #stream(invocationId: number): Stream {
    const known = this.#streams.get(invocationId);
    if (known !== undefined) return known;
    const stream: Stream = { waiting: [], unacknowledged: 0, room: undefined };
    this.#streams.set(invocationId, stream);
    return stream;
  }

  /** What may be posted of a stream now. */
  #take(invocationId: number, stream: Stream): readonly WorkerMessage[] {
    let count = 0;
    for (const { type } of stream.waiting) {
      if (type === "event" && stream.unacknowledged >= maxUnacknowledged) break;
      if (type === "event") stream.unacknowledged += 1;
      count += 1;
    }
    const taken = stream.waiting.splice(0, count);
    if (stream.waiting.length < maxUnacknowledged) {
      stream.room?.resolve();
      stream.room = undefined;
    }
    const last = taken.at(-1)?.type;
    if (last === "completed" || last === "failed") this.#streams.delete(invocationId);
    return taken;
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
