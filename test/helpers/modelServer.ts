/** A scripted OpenAI-compatible server on loopback, so that the real Goose can be tested without a model. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  toolCallId,
  type ModelMessage,
  type ModelReply,
  type ModelScript,
  type RecordedRequest,
  type ScriptedCall,
  type ScriptedUsage,
} from "./modelScript.ts";

// Tests take the server and its language from here.
export { byPrompt, forever, hold, messageText, sequence } from "./modelScript.ts";
export type { ModelReply, ModelScript, RecordedRequest, ScriptedCall } from "./modelScript.ts";

/** A running scripted model server. */
export interface ModelServer extends AsyncDisposable {
  /** http://127.0.0.1:<port> */
  readonly url: string;
  /** Environment that makes Goose use this server and nothing of the machine's own Goose set-up but its files. */
  readonly env: Readonly<Record<string, string>>;
  /** All chat requests so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
  setScript(script: ModelScript): void;
  /** Ends every connection at once, also those that hang or stream. */
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1; without a script every turn is the text "Done.". */
export async function startModelServer(script: ModelScript = () => ({ kind: "text", text: "Done." })): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  const attempts = new Map<string, number>();
  let current = script;
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // The client went away, or the request was not a chat request at all.
      if (!response.headersSent && !response.destroyed) sendJson(response, 400, errorBody(String(error)));
      else response.destroy();
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET" && request.url === "/v1/models") {
      sendJson(response, 200, { object: "list", data: [{ id: "scripted-model", object: "model", created: 0, owned_by: "test" }] });
    } else if (request.method === "POST" && request.url === "/v1/chat/completions") {
      const wire = JSON.parse(await readBody(request)) as WireRequest;
      const key = JSON.stringify(wire.messages);
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      const recorded: RecordedRequest = {
        index: requests.length,
        attempt,
        headers: request.headers,
        model: wire.model,
        messages: wire.messages,
        tools: (wire.tools ?? []).map((tool) => tool.function.name),
        stream: wire.stream === true,
      };
      requests.push(recorded);
      await answer(new Exchange(recorded, wire, response), current(recorded));
    } else sendJson(response, 404, errorBody(`no such route: ${request.method} ${request.url}`));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url, env: gooseEnv(url), requests, setScript: (next) => void (current = next), close, [Symbol.asyncDispose]: close };
}

function gooseEnv(url: string): Record<string, string> {
  return {
    GOOSE_PROVIDER: "openai",
    GOOSE_MODEL: "scripted-model",
    OPENAI_HOST: url,
    OPENAI_API_KEY: "test-key",
    GOOSE_DISABLE_KEYRING: "1",
    GOOSE_TELEMETRY_ENABLED: "false",
    GOOSE_DISABLE_SESSION_NAMING: "true",
    // Goose still retries, only without its waits of 1, 2 and 4 seconds.
    GOOSE_PROVIDER_SKIP_BACKOFF: "true",
    // A proxy of the machine must never see loopback traffic.
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  };
}

interface WireRequest {
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly unknown[];
}

type FinishReason = "stop" | "tool_calls" | "length" | "content_filter";

/** Writes one answer in the form the client asked for: an event stream or one document. */
class Exchange {
  readonly response: ServerResponse;
  readonly #wire: WireRequest;
  readonly #id: string;
  readonly #collected: Record<string, unknown> = {};
  #length = 0;

  constructor(request: RecordedRequest, wire: WireRequest, response: ServerResponse) {
    this.#wire = wire;
    this.#id = `chatcmpl-${request.index + 1}`;
    this.response = response;
  }

  /** Sends (or, without streaming, collects) one piece of the message. */
  delta(part: Delta): void {
    this.#length += JSON.stringify(part).length;
    if (this.#wire.stream === true) this.#event({ choices: [{ index: 0, delta: { role: "assistant", ...part }, finish_reason: null }] });
    else for (const [name, value] of Object.entries(part)) this.#collect(name, value);
  }

  #collect(name: string, value: unknown): void {
    const earlier = this.#collected[name];
    this.#collected[name] = typeof earlier === "string" && typeof value === "string" ? earlier + value : value;
  }

  finish(reason: FinishReason, scripted?: ScriptedUsage): void {
    const usage = this.#usage(scripted);
    if (this.#wire.stream !== true) {
      const choices = [{ index: 0, message: { role: "assistant", content: null, ...this.#collected }, finish_reason: reason }];
      return sendJson(this.response, 200, { id: this.#id, object: "chat.completion", created: 0, model: this.#wire.model, choices, usage });
    }
    this.#event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
    if (this.#wire.stream_options?.include_usage === true) this.#event({ choices: [], usage });
    this.response.end("data: [DONE]\n\n");
  }

  #usage(scripted?: ScriptedUsage): Record<string, number> {
    const prompt = scripted?.promptTokens ?? Math.ceil(JSON.stringify(this.#wire.messages).length / 4);
    const completion = scripted?.completionTokens ?? Math.ceil(this.#length / 4);
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  }

  #event(body: Record<string, unknown>): void {
    if (!this.response.headersSent) this.response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    this.response.write(`data: ${JSON.stringify({ id: this.#id, object: "chat.completion.chunk", created: 0, model: this.#wire.model, ...body })}\n\n`);
  }
}

type BadReply = Extract<ModelReply, { kind: "status" | "hang" | "drop" | "reset" | "cut" | "stall" | "garbage" | "html" }>;

const badKinds: ReadonlySet<string> = new Set<BadReply["kind"]>(["status", "hang", "drop", "reset", "cut", "stall", "garbage", "html"]);

async function answer(exchange: Exchange, reply: ModelReply): Promise<void> {
  return isBad(reply) ? answerBadly(exchange, reply) : answerWell(exchange, reply);
}

function isBad(reply: ModelReply): reply is BadReply {
  return badKinds.has(reply.kind);
}

async function answerWell(exchange: Exchange, reply: Exclude<ModelReply, BadReply>): Promise<void> {
  switch (reply.kind) {
    case "text":
      await streamWords(exchange, "reasoning_content", reply.thinking ?? "", reply.chunkDelayMs);
      await streamWords(exchange, "content", reply.text, reply.chunkDelayMs);
      return exchange.finish("stop", reply.usage);
    case "tools":
      await streamWords(exchange, "content", reply.text ?? "");
      exchange.delta({ tool_calls: wireCalls(reply.calls) });
      return exchange.finish("tool_calls", reply.usage);
    case "empty":
      return exchange.finish("stop");
    case "length":
      await streamWords(exchange, "content", reply.text);
      return exchange.finish("length");
    case "filter":
      await streamWords(exchange, "content", reply.text);
      return exchange.finish("content_filter");
    case "hold":
      await reply.until;
      return exchange.response.destroyed ? undefined : answer(exchange, reply.then);
  }
}

async function answerBadly(exchange: Exchange, reply: BadReply): Promise<void> {
  const { response } = exchange;
  switch (reply.kind) {
    case "status":
      return sendJson(response, reply.status, reply.body ?? errorBody(`scripted status ${reply.status}`), reply.headers);
    case "hang":
      return;
    case "drop":
      return void response.destroy();
    case "reset":
      return void response.socket?.resetAndDestroy();
    case "stall":
      return streamWords(exchange, "content", reply.text);
    case "cut":
      await streamWords(exchange, "content", reply.text);
      // Only after the text has left, otherwise the client may see nothing but the reset.
      return void response.write(": cut\n\n", () => response.destroy());
    case "garbage":
      return void response.writeHead(200, { "content-type": "text/event-stream" }).end('data: {"choices": [ this is not JSON\n\n\u0000\u0001');
    case "html":
      return void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title><p>Please sign in.</p>");
  }
}

async function streamWords(exchange: Exchange, field: "content" | "reasoning_content", text: string, delayMs = 0): Promise<void> {
  for (const word of text.match(/\S*\s*/g) ?? []) {
    if (word === "" || exchange.response.destroyed) continue;
    exchange.delta({ [field]: word });
    if (delayMs > 0) await delay(delayMs);
  }
}

let toolTurnCount = 0;

function wireCalls(calls: readonly ScriptedCall[]): unknown[] {
  // Ids are unique in the process, as Goose pairs calls and results by them, and name their turn (see toolCallId).
  const turn = ++toolTurnCount;
  return calls.map((call, index) => {
    const detail = { name: call.name, arguments: JSON.stringify(call.arguments) };
    return { index, id: toolCallId(turn, index), type: "function", function: detail };
  });
}

function errorBody(message: string): unknown {
  return { error: { message, type: "scripted_error", code: "scripted" } };
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(typeof body === "string" ? body : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
