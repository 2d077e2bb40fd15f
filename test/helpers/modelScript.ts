/**
 * The language of model scripts: a script is a plain function from a request to a reply. It sees the whole
 * conversation, so several Goose sessions can be served at the same time without any state about them.
 */
import type { IncomingHttpHeaders } from "node:http";

/** One message of the conversation as Goose sends it. */
export interface ModelMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content?: string | readonly { readonly type: string; readonly text?: string }[] | null;
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[];
  readonly tool_call_id?: string;
}

/** One request for a model turn, as the script sees it and as the server remembers it. */
export interface RecordedRequest {
  /** Number of chat requests before this one (provider retries count). */
  readonly index: number;
  /** 1 for the first request with exactly these messages, 2 for its first repetition (Goose's provider retry), ... */
  readonly attempt: number;
  readonly headers: IncomingHttpHeaders;
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  /** Names of the tools that Goose offers. */
  readonly tools: readonly string[];
  readonly stream: boolean;
}

/** A tool call of the model. Goose's own tools: shell {command}, write {path, content}, edit {path, before, after}, tree {path, depth}. */
export interface ScriptedCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Token counts to report; without them they are estimated from the length of the texts. */
export interface ScriptedUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What the scripted model does with one request. */
export type ModelReply =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly thinking?: string;
      readonly chunkDelayMs?: number;
      readonly usage?: ScriptedUsage;
    }
  | { readonly kind: "tools"; readonly calls: readonly ScriptedCall[]; readonly text?: string; readonly usage?: ScriptedUsage }
  | {
      readonly kind: "status";
      readonly status: 400 | 401 | 402 | 403 | 404 | 429 | 500;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Destroys the socket at once. */
  | { readonly kind: "drop" }
  /** Resets the connection (RST) at once. */
  | { readonly kind: "reset" }
  /** Streams the text, then destroys the socket. */
  | { readonly kind: "cut"; readonly text: string }
  /** Streams the text, then nothing more, on a connection that stays open. */
  | { readonly kind: "stall"; readonly text: string }
  /** Status 200 and a body that is no event stream. */
  | { readonly kind: "garbage" }
  | { readonly kind: "html" }
  /** A well-formed answer without any content. */
  | { readonly kind: "empty" }
  /** Stops in the middle of the text with finish_reason "length". */
  | { readonly kind: "length"; readonly text: string }
  /** Stops behind the text, which may be empty, with finish_reason "content_filter". */
  | { readonly kind: "filter"; readonly text: string }
  /** Holds the turn until the promise settles, then answers. */
  | { readonly kind: "hold"; readonly until: Promise<unknown>; readonly then: ModelReply };

/** Decides the reply to each request. A script that throws answers with status 400 and the message. */
export type ModelScript = (request: RecordedRequest) => ModelReply;

/** The text of a message, whichever of the two forms its content has. */
export function messageText(message: ModelMessage): string {
  if (typeof message.content === "string") return message.content;
  return (message.content ?? []).map((part) => part.text ?? "").join("\n");
}

/** The n-th request of the server gets the n-th reply; the last one repeats. Counts provider retries too. */
export function sequence(replies: readonly ModelReply[]): ModelScript {
  let turn = 0;
  return () => replyAt(replies, turn++);
}

/**
 * Rules tried in order: the first whose pattern occurs in a user message of the conversation decides, and its
 * n-th reply answers the n-th turn since the first such message (the last one repeats). Keeps no state, so a
 * provider retry gets the same reply again, and a rule for a follow-up prompt belongs before the task's rule.
 */
export function byPrompt(rules: readonly (readonly [pattern: RegExp | string, replies: readonly ModelReply[]])[]): ModelScript {
  return ({ messages }) => {
    for (const [pattern, replies] of rules) {
      const start = messages.findIndex((message) => message.role === "user" && matches(pattern, messageText(message)));
      if (start >= 0) return replyAt(replies, countTurns(messages.slice(start)));
    }
    throw new Error("no rule of the model script matches this conversation");
  };
}

/** Calls the tool in every turn and never finishes (for limits on turns). */
export function forever(call: ScriptedCall): ModelScript {
  return () => ({ kind: "tools", calls: [call] });
}

/** Holds the turn until the promise settles, then gives the reply. */
export function hold(until: Promise<unknown>, reply: ModelReply): ModelReply {
  // oxlint-disable-next-line unicorn/no-thenable -- a reply is never awaited, and its "then" is no function
  return { kind: "hold", until, then: reply };
}

/** The id of a tool call, which also says in which turn of the model it was made. */
export function toolCallId(turn: number, index: number): string {
  return `call_${turn}_${index}`;
}

function countTurns(messages: readonly ModelMessage[]): number {
  // Goose hands back a turn with several tool calls as several assistant messages, one for each call.
  const turnOf = ({ tool_calls }: ModelMessage): unknown => tool_calls?.[0]?.id.replace(/_\d+$/, "") ?? Symbol("text");
  return new Set(messages.filter(({ role }) => role === "assistant").map(turnOf)).size;
}

function matches(pattern: RegExp | string, text: string): boolean {
  // search() ignores lastIndex, so a pattern with the g flag works every time.
  return typeof pattern === "string" ? text.includes(pattern) : text.search(pattern) >= 0;
}

function replyAt(replies: readonly ModelReply[], turn: number): ModelReply {
  const reply = replies[Math.min(turn, replies.length - 1)];
  if (reply === undefined) throw new Error("the model script has no replies");
  return reply;
}
