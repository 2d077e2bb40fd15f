/** Messages as a broken or hostile worker posts them: whatever structured clone lets through. */
import { hostWorkerVersion, parseWorkerMessage } from "../../src/protocol/hostWorker.ts";
import { validUpdate } from "./gooseLines.ts";
import type { Random } from "./random.ts";
import { mutate, nastyText, nastyValue } from "./texts.ts";

function nested(depth: number, innermost: unknown, wrap: (value: unknown) => unknown): unknown {
  let value = innermost;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

function circle(): unknown {
  const value: Record<string, unknown> = { toolCallId: "a" };
  value["self"] = value;
  return value;
}

/** Values that have cost a validator its stack or its time. */
const bombs: readonly (() => unknown)[] = [
  () => nested(2_000, 1, (value) => [value]),
  () => nested(2_000, 1, (value) => ({ a: value })),
  () => nested(40, 1n, (value) => [value]),
  () => nested(40, 1n, (value) => ({ a: value })),
  () => nested(60, 1, (value) => [value, value]),
  circle,
  () => new Map([["a", new Set([1])]]),
  () => new Date(Number.NaN),
  () => 2n ** 70n,
  () => new Error("no"),
  () => new Uint8Array(10),
  () => /x/g,
  () => JSON.parse('{"__proto__":{"polluted":true}}') as unknown,
  () => nested(500, undefined, (cause) => ({ code: "INTERNAL", message: "x", retryable: true, cause })),
];

const valid = (random: Random, invocationId: number): readonly unknown[] => [
  { type: "ready", version: hostWorkerVersion, handlers: ["x"] },
  { type: "claim", invocationId },
  { type: "heartbeat", invocationIds: [invocationId] },
  { type: "event", invocationId, event: { type: "message", role: "agent", messageId: "m", text: nastyText(random) } },
  { type: "event", invocationId, event: { type: "tool_call", call: { toolCallId: "a", title: nastyText(random), input: nastyValue(random) } } },
  { type: "event", invocationId, event: { type: "checkpoint", step: "session", data: { sessionId: "evil" } } },
  { type: "event", invocationId, event: { type: "usage", usage: { inputTokens: 9, outputTokens: 9 } } },
  { type: "event", invocationId, event: { type: "plan", entries: [{ text: nastyText(random), status: "pending" }] } },
  { type: "event", invocationId, event: { type: "progress_update", progress: { percent: 50, message: nastyText(random) } } },
  { type: "permission", invocationId, requestId: "r", request: { toolCallId: "a", toolName: "shell", title: nastyText(random) } },
  { type: "completed", invocationId, output: { sessionId: "evil", finalMessage: "All done." } },
  { type: "failed", invocationId, error: { code: "INTERNAL", message: nastyText(random), retryable: false } },
];

/** What only the engine may say, each with a form of its own. */
const forged = (invocationId: number): readonly unknown[] => [
  ...["prepared", "agent_finished", "verified", "committed", "pushed", "acknowledged"].map((step) => ({
    type: "event",
    invocationId,
    event: { type: "checkpoint", step, data: { commits: ["c0ffee"], worktree: "/etc", branch: "main", baseSha: "0" } },
  })),
  { type: "event", invocationId, event: { type: "completed", summary: "x", unblocked: [] } },
  { type: "event", invocationId, event: { type: "said", message: { id: "x", text: "x", at: 1 } } },
];

/** A message that may change nothing: of invocation `id` only what breaks its form, of others anything. */
export function hostileWorkerMessage(random: Random, id: number): unknown {
  const other = random.pick([id + 1, id + 1_000_000, 2 ** 40]);
  const kind = random.below(6);
  if (kind === 0) return nastyValue(random, 5);
  if (kind === 1) return random.pick(valid(random, other));
  if (kind === 2) return random.pick([-1, 0, 0.5, Number.NaN, String(id), null, { valueOf: id }].flatMap((wrong) => valid(random, wrong as number)).slice(1));
  if (kind === 3) return random.pick(forged(id));
  const base = kind === 4 ? mutate(random, random.pick(valid(random, id))) : bomb(random, id);
  return parseWorkerMessage(base) === undefined ? base : random.pick(valid(random, other));
}

function bomb(random: Random, invocationId: number): unknown {
  const value = random.pick(bombs)();
  const places: readonly unknown[] = [
    value,
    [value],
    { type: "completed", invocationId, output: value },
    { type: "failed", invocationId, error: random.chance(0.5) ? value : { code: "INTERNAL", message: value, retryable: false } },
    { type: "event", invocationId, event: { type: "tool_call", call: { toolCallId: "a", input: value } } },
    { type: "event", invocationId, event: value },
    { type: value, invocationId },
    { type: "heartbeat", invocationIds: value },
    { type: "message", update: validUpdate(random), value },
  ];
  return random.pick(places);
}
