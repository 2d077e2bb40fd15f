/** Lines as a broken or hostile Goose writes them: real updates, real updates with something wrong, and what is no message at all. */
import type { Random } from "./random.ts";
import { hostileJson, mutate, nastyText, nastyValue, nestedJson } from "./texts.ts";

const text = (random: Random): string => nastyText(random);

/** A valid update of every kind that is used, with hostile texts in it. */
export function validUpdate(random: Random): Readonly<Record<string, unknown>> {
  const toolCallId = random.chance(0.5) ? `call_${random.below(20)}` : `${text(random)}${random.below(1_000_000)}`;
  const content = { type: "text", text: text(random) };
  const status = random.pick(["pending", "in_progress", "completed", "failed", "cancelled", "weird"]);
  const kinds: readonly (() => Readonly<Record<string, unknown>>)[] = [
    () => ({ sessionUpdate: "agent_message_chunk", content, messageId: random.pick(["a", "b", text(random)]) }),
    () => ({ sessionUpdate: "agent_thought_chunk", content }),
    () => ({ sessionUpdate: "user_message_chunk", content, messageId: text(random), _meta: { goose: { steer: random.chance(0.5) } } }),
    () => ({ sessionUpdate: "session_info_update", _meta: { goose: { activeRunId: random.chance(0.5) ? text(random) : null } } }),
    () => ({
      sessionUpdate: "tool_call",
      toolCallId,
      title: `${random.pick(["shell", "write", text(random)])} · ${text(random)}`,
      kind: text(random),
      status,
      rawInput: nastyValue(random, 6),
      locations: [{ path: text(random), line: random.pick([1, -1, 0.5, Infinity]) }],
      _meta: { goose: { toolCall: { toolName: random.pick(["todo__todo_write", "shell", text(random)]) } } },
    }),
    () => ({
      sessionUpdate: "tool_call_update",
      toolCallId,
      status,
      rawOutput: { exit_code: random.pick([0, 1, Infinity, "x"]) },
      content: [
        { type: "content", content },
        { type: "diff", path: text(random), oldText: text(random), newText: text(random) },
        { type: "terminal", terminalId: text(random) },
      ],
      _meta: { toolNotification: { type: random.pick(["message", "progress", "live_output"]), params: notificationParams(random) } },
    }),
    () => ({ sessionUpdate: "plan", entries: Array.from({ length: random.below(5) }, () => ({ content: text(random), status })) }),
    () => ({
      sessionUpdate: "usage_update",
      used: random.pick([1, Infinity, 1e308, 0.5]),
      size: random.pick([1, Infinity]),
      contextLimit: 10,
      accumulatedInputTokens: random.pick([1, Infinity, 1e308]),
      accumulatedOutputTokens: 2,
      accumulatedCost: random.pick([0, Infinity, 1e-320]),
    }),
    () => ({ sessionUpdate: "message_usage", messageId: text(random) }),
    () => ({ sessionUpdate: "status_message", status: { type: "notice", message: text(random) } }),
  ];
  return random.pick(kinds)();
}

function notificationParams(random: Random): unknown {
  return {
    chunks: [{ output: text(random) }],
    data: nastyValue(random, 5),
    message: text(random),
    progress: random.pick([1, Infinity, -1]),
    total: random.pick([0, 1, Infinity]),
  };
}

function notification(update: unknown): string {
  return hostileJson({ jsonrpc: "2.0", method: "session/update", params: { sessionId: "s", update } });
}

const deep: readonly string[] = [
  `{"jsonrpc":"2.0","method":"session/update","params":${nestedJson(50_000)}}`,
  `{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"tool_call","toolCallId":"deep","rawInput":${nestedJson(20_000)}}}}`,
  `{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"tool_call","toolCallId":"deep"}}}`,
  `{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"tool_call_update","toolCallId":"deep","_meta":{"toolNotification":{"type":"message","params":{"data":${nestedJson(20_000)}}}}}}}`,
  `{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"tool_call_update","toolCallId":"deep","_meta":{"toolNotification":{"type":"message","params":{"data":{"tool_call":{"name":"x","arguments":${nestedJson(20_000, "[", "]")}}}}}}}}}`,
  `{"jsonrpc":"2.0","id":7,"method":"session/request_permission","params":${nestedJson(20_000, "[", "]")}}`,
  `{"jsonrpc":"2.0","id":${"9".repeat(400)},"result":{}}`,
  `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x","data":${nestedJson(20_000)}}}`,
  nestedJson(100_000),
];

const broken: readonly ((random: Random) => string | Buffer)[] = [
  (random) => nastyText(random),
  (random) => `{"jsonrpc":"2.0",${nastyText(random)}`,
  () => "[]",
  () => "null",
  () => '{"jsonrpc":"2.0"}',
  () => '{"jsonrpc":"1.0","method":"x"}',
  () => '{"__proto__":{"jsonrpc":"2.0","polluted":true},"method":"session/update"}',
  () => '{"jsonrpc":"2.0","method":"session/update","params":{"__proto__":{"update":{"sessionUpdate":"plan"}}}}',
  () => '{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"__proto__"}}}',
  () => '{"jsonrpc":"2.0","method":"constructor","params":{"constructor":{"prototype":{"polluted":1}}}}',
  (random) =>
    Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"x","p":"'), Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, random.below(256)]), Buffer.from('"}')]),
  (random) => Buffer.from(Array.from({ length: random.below(60) }, () => random.below(256)).filter((byte) => byte !== 0x0a)),
  (random) => hostileJson({ jsonrpc: "2.0", id: nastyValue(random), method: nastyText(random), params: nastyValue(random) }),
  (random) => hostileJson({ jsonrpc: "2.0", id: random.below(5), result: nastyValue(random) }),
  (random) => hostileJson({ jsonrpc: "2.0", id: random.below(5), error: nastyValue(random) }),
  (random) => hostileJson({ jsonrpc: "2.0", id: random.below(1_000), method: random.pick(clientMethods), params: nastyValue(random) }),
  (random) => hostileJson({ jsonrpc: "2.0", method: random.pick(clientMethods), params: nastyValue(random) }),
];

const clientMethods = [
  "session/request_permission",
  "fs/read_text_file",
  "fs/write_text_file",
  "terminal/create",
  "terminal/output",
  "terminal/kill",
  "terminal/release",
  "terminal/wait_for_exit",
  "session/update",
  "_goose/unstable/session/update",
  "$/cancel_request",
];

/** One line, without its end. */
export function gooseLine(random: Random): string | Buffer {
  if (random.chance(0.0005)) return random.pick(deep);
  if (random.chance(0.45)) return notification(validUpdate(random));
  if (random.chance(0.55)) return notification(mutate(random, validUpdate(random)));
  return random.pick(broken)(random);
}
