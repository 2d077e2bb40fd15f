import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { InvocationHandle, InvocationObserver } from "../../../src/engine/ports.ts";
import { PoolWorker } from "../../../src/host/poolWorker.ts";
import { parseWorkerMessage } from "../../../src/protocol/hostWorker.ts";
import { deserializeError } from "../../../src/protocol/serializedError.ts";
import { amount, fuzzTimeoutMs } from "../../hostile/amount.ts";
import { dumpDatabase } from "../../hostile/dumpDatabase.ts";
import { TestEngine, type AgentTurnProbe } from "../../helpers/testEngine.ts";

let t: TestEngine;
let worker: PoolWorker;
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);

beforeEach(() => {
  uncaught.length = 0;
  process.on("uncaughtException", note);
  t = new TestEngine();
  const silent = (): void => undefined;
  worker = new PoolWorker({
    mode: "thread",
    script: fileURLToPath(new URL("../../hostile/hostileWorker.ts", import.meta.url)),
    modules: [],
    log: { debug: silent, info: silent, warn: silent, error: silent },
    onExit: () => undefined,
  });
});

afterEach(async () => {
  process.off("uncaughtException", note);
  await worker.terminate();
  await t.close();
});

interface Flooded {
  readonly turn: AgentTurnProbe;
  readonly handle: InvocationHandle;
  readonly flood: (count: number, seed: number) => Promise<void>;
}

/** A running task whose agent is the hostile worker, heard by the engine's own observer. */
async function running(): Promise<Flooded> {
  t.world.onTurn = () => undefined;
  const task = await t.add("work");
  await t.engine.run(task.id);
  const turn = await t.turn();
  let onFlooded: () => void = () => undefined;
  const observer: InvocationObserver = { ...turn.observer, onHeartbeat: () => onFlooded() };
  const handle = worker.run(1, { taskId: task.id, attempt: 1, handler: "goose.run", input: {} }, observer);
  handle.result.catch(() => undefined);
  const flood: Flooded["flood"] = async (count, seed) => {
    const done = Promise.withResolvers<void>();
    onFlooded = () => done.resolve();
    handle.tell({ type: "say", id: "flood", text: `${count} ${seed}` });
    await done.promise;
  };
  return { turn, handle, flood };
}

test("whatever a worker posts that does not fit, or is of another invocation, changes nothing", { timeout: fuzzTimeoutMs }, async () => {
  const { flood } = await running();
  const before = dumpDatabase(t.database);
  const count = amount(5_000, 100_000);
  await flood(count, 1);
  expect(dumpDatabase(t.database)).toEqual(before);
  expect(uncaught).toEqual([]);
  expect(worker.droppedMessages).toBeGreaterThan(count / 5);
  expect(worker.load).toBe(1);
  expect("polluted" in {}).toBe(false);
});

test("a worker of another version costs its tasks and nothing else", async () => {
  const { handle } = await running();
  handle.tell({ type: "say", id: "v", text: "0" });
  await expect(handle.result).rejects.toMatchObject({ code: "WORKER_FAILED", retryable: true });
  expect(worker.load).toBe(0);
});

const event = (body: unknown): unknown => ({ type: "event", invocationId: 1, event: body });
const input = (value: unknown): unknown => event({ type: "tool_call", call: { toolCallId: "a", input: value } });
const nested = (depth: number, innermost: unknown, wrap: (value: unknown) => unknown): unknown => {
  let value = innermost;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
};

test.each([
  ["deeper than any stack", input(nested(20_000, 1, (value) => [value]))],
  ["deep and wrong at its bottom, in lists", input(nested(40, 1n, (value) => [value]))],
  ["the same value over and over", input(nested(60, 1, (value) => [value, value]))],
  ["no JSON: a map", input(new Map())],
  ["no JSON: a number without end", input(Infinity)],
  ["a key that is none", input(JSON.parse('{"__proto__":{"a":1}}'))],
  ["a step that is the engine's to take", event({ type: "checkpoint", step: "committed", data: { commits: ["c0ffee"] } })],
  ["a session without end", event({ type: "checkpoint", step: "session", data: { sessionId: "x".repeat(600) } })],
  ["usage without end", event({ type: "usage", usage: { inputTokens: Infinity, outputTokens: 1 } })],
  ["countless files", event({ type: "tool_call", call: { toolCallId: "a", locations: Array.from({ length: 1_001 }, () => ({ path: "a" })) } })],
])("dropped: %s", (_name, message) => expect(parseWorkerMessage(message)).toBeUndefined());

test("a place for the work that a worker names does not count", () => {
  const data = { sessionId: "s", worktree: "/etc", branch: "main", commits: ["c0ffee"] };
  expect(parseWorkerMessage(event({ type: "checkpoint", step: "session", data }))).toEqual(
    event({ type: "checkpoint", step: "session", data: { sessionId: "s" } }),
  );
});

test("of an error with countless causes the first ones are kept", () => {
  const error = nested(20_000, undefined, (cause) => ({ code: "INTERNAL", message: "x", retryable: true, cause }));
  const message = parseWorkerMessage({ type: "failed", invocationId: 1, error });
  expect(JSON.stringify(message).match(/"cause"/g)).toHaveLength(4);
  expect(message?.type === "failed" ? deserializeError(message.error).code : "").toBe("INTERNAL");
});
