/** Stands in for `goose acp`: shakes hands like the real one, then writes at the first prompt what its mode says. */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { gooseLine } from "./gooseLines.ts";
import { Random } from "./random.ts";

/** What it does when it is prompted. */
export const fakeGooseModes = ["lines", "endlessLine", "manyLines", "halfLine", "permissions", "calls", "nestedAnswer", "numbered"] as const;
export type FakeGooseMode = (typeof fakeGooseModes)[number];

const [mode = "lines", amount = "1000", seed = "1"] = process.argv.slice(2);
const count = Number(amount);
const random = new Random(Number(seed));

async function write(data: string | Buffer): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, "drain");
}

function json(message: object): string {
  return `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;
}

function update(fields: object): string {
  return json({ method: "session/update", params: { sessionId: "s", update: fields } });
}

const text = (words: string): string => update({ sessionUpdate: "agent_message_chunk", messageId: "m", content: { type: "text", text: words } });

const modes: { readonly [M in FakeGooseMode]: () => Promise<void> } = {
  lines: async () => {
    for (let line = 0; line < count; line += 200) {
      const lines = Array.from({ length: Math.min(200, count - line) }, () => [Buffer.from(gooseLine(random)), Buffer.from("\n")]);
      await write(Buffer.concat(lines.flat()));
    }
  },
  /** So many megabytes. */
  endlessLine: async () => {
    const piece = Buffer.alloc(1_048_576, "x");
    for (let part = 0; part < count; part++) await write(piece);
  },
  manyLines: async () => {
    const piece = Buffer.from(text("words ".repeat(30)).repeat(4_000)).subarray(0);
    for (let bytes = 0; bytes < count * 1_048_576; bytes += piece.length) await write(piece);
  },
  halfLine: async () => {
    await write('{"jsonrpc":"2.0","method":"session/upd');
    process.exit(0);
  },
  permissions: async () => {
    for (let id = 0; id < count; id++) {
      const toolCall = { toolCallId: `call_${id}`, title: "shell · ls", rawInput: { command: "x".repeat(2_000) } };
      await write(json({ id: id + 100, method: "session/request_permission", params: { sessionId: "s", toolCall, options: [] } }));
    }
  },
  calls: async () => {
    for (let id = 0; id < count; id++) {
      await write(update({ sessionUpdate: "tool_call", toolCallId: `call_${id}`, title: `shell · ${"x".repeat(900)}`, _meta: steered(id) }));
      await write(
        update({ sessionUpdate: "user_message_chunk", messageId: `steer_${id}_${"y".repeat(900)}`, content: { type: "text", text: "x" }, _meta: steered(id) }),
      );
    }
  },
  /** Messages of a kilobyte that nothing joins; how many could be written stands in a file of the worktree. */
  numbered: async () => {
    for (let id = 0; id < count; id++) {
      await write(update({ sessionUpdate: "agent_message_chunk", messageId: `m${id}`, content: { type: "text", text: `${id} ${"x".repeat(1_000)}` } }));
      if (id % 50 === 0) writeFileSync("written", String(id));
    }
  },
  nestedAnswer: () => write(`{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"no","data":${'{"a":'.repeat(count)}1${"}".repeat(count)}}}\n`),
};

function steered(id: number): object {
  return { goose: { steer: true, toolCall: { toolName: `tool_${id}` } } };
}

for await (const line of createInterface(process.stdin)) {
  const { id, method } = JSON.parse(line) as { id?: number; method?: string };
  if (method === "initialize")
    await write(json({ id, result: { protocolVersion: 1, agentCapabilities: {}, agentInfo: { name: "goose", version: "1.52.0" } } }));
  if (method === "session/new") await write(json({ id, result: { sessionId: "s" } }));
  if (method !== "session/prompt") continue;
  await modes[mode as FakeGooseMode]();
  await write(text("Done.") + update({ sessionUpdate: "message_usage", messageId: "m" }));
  await write(json({ id, result: { stopReason: "end_turn" } }));
}
