/**
 * A small MCP server over stdio for tests of Goose's extensions. Its tools: `slow` reports progress and log messages while it
 * works, `broken` fails. Started by Goose: `node mcpServer.ts`.
 */
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

interface Call {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly _meta?: { readonly progressToken?: number | string } };
}

const tools = [
  { name: "slow", description: "Works slowly and tells how far it is.", inputSchema: { type: "object", properties: {} } },
  { name: "broken", description: "Fails.", inputSchema: { type: "object", properties: {} } },
];

const send = (message: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const notify = (method: string, params: Readonly<Record<string, unknown>>): void => send({ method, params });

async function callTool({ id, params }: Call): Promise<void> {
  if (params?.name !== "slow") return send({ id, result: { content: [{ type: "text", text: "It is broken." }], isError: true } });
  const progressToken = params._meta?.progressToken;
  for (let step = 1; step <= 3; step++) {
    if (progressToken !== undefined) notify("notifications/progress", { progressToken, progress: step, total: 3, message: `step ${step} of 3` });
    // Goose reads the kinds of notifications and the result of a call from different queues.
    await delay(100);
    notify("notifications/message", { level: "info", logger: "test", data: { message: `log line ${step}`, detail: { step } } });
    await delay(100);
  }
  notify("notifications/message", { level: "warning", data: "a plain text" });
  await delay(100);
  send({ id, result: { content: [{ type: "text", text: "The slow work is done." }] } });
}

function answer(call: Call): void | Promise<void> {
  if (call.id === undefined) return undefined;
  switch (call.method) {
    case "initialize":
      return send({
        id: call.id,
        result: { protocolVersion: "2025-11-25", capabilities: { tools: {}, logging: {} }, serverInfo: { name: "test", version: "1.0.0" } },
      });
    case "tools/list":
      return send({ id: call.id, result: { tools } });
    case "tools/call":
      return callTool(call);
    case "ping":
    case "logging/setLevel":
      return send({ id: call.id, result: {} });
    default:
      // Goose first asks for a newer protocol and goes on when it is unknown.
      return send({ id: call.id, error: { code: -32601, message: `unknown method ${call.method}` } });
  }
}

createInterface({ input: process.stdin }).on("line", (line) => void answer(JSON.parse(line) as Call));
