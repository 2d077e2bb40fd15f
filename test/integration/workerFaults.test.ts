/** However a worker ends in the middle of a task: it costs one attempt, the worker is replaced, no process is left, the host lives. */
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentRunner } from "../../src/engine/ports.ts";
import { TaskWorkerHost } from "../../src/host/taskWorkerHost.ts";
import type { Task } from "../../src/model/task.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { makeBareEngine } from "../chaos/bareEngine.ts";
import { FastTime } from "../chaos/fastTime.ts";
import { doneGit } from "../helpers/doneGit.ts";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { ProductEngine } from "../helpers/productEngine.ts";
import { realTimers } from "../helpers/realTimers.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe("a task whose worker", () => {
  let product: ProductEngine;
  beforeEach(async () => {
    product = await ProductEngine.open({
      settings: { poolModules: [file("../helpers/handlers/faultyGoose.ts")], poolSize: 2, maxAttempts: 1, gracefulShutdownMsTimeout: 0 },
    });
  });
  afterEach(() => product.close());

  const started = async (): Promise<boolean> => (await processesWithMarker(product.home.dir)).some(({ args }) => args === "sleep 651");
  const nothingLeft = (): Promise<unknown> => waitFor(async () => !(await started()), { what: "the end of the task's process", timeoutMs: 5_000 });

  /** The attempt is counted once, the place is clean, others can work at once, and the task itself when it is tried again. */
  async function expectMended(task: Task, code: string, why: string): Promise<void> {
    expect(await product.engine.get(task.id)).toMatchObject({
      status: "failed",
      attempts: 1,
      result: { error: { code, message: expect.stringContaining(why) as string } },
    });
    expect((await product.engine.get(task.id)).lease).toBeUndefined();
    expect(await product.engine.attempts(task.id)).toMatchObject([{ number: 1, outcome: "failed", errorCode: code }]);
    const events = await product.engine.events(task.id, { limit: 1_000 });
    expect(events.filter(({ type }) => type === "started" || type === "error").map(({ type }) => type)).toEqual(["started", "error"]);
    await nothingLeft();
    expect(product.worktrees).toEqual([]);
    expect(await product.run(await product.add("another task"))).toMatchObject({ status: "done" });
    await product.engine.retry(task.id);
    expect(await product.run(task)).toMatchObject({ status: "done", attempts: 2 });
  }

  test.each([
    ["throws", "throw", "INTERNAL", "not one of ours"],
    ["exits", "exit", "WORKER_FAILED", "exited with code 7"],
    ["runs out of memory", "memory", "WORKER_FAILED", "memory"],
    ["loops without end", "loop", "WORKER_FAILED", "no sign of life"],
  ])("%s", { timeout: 90_000 }, async (_what, fault, code, why) => {
    const task = await product.add(`fault: ${fault}`);
    const { finished } = await product.engine.run(task.id);
    await waitFor(async () => (await started()) || (await product.engine.get(task.id)).status === "failed", { what: "the task's process" });
    expect(await finished).toMatchObject({ status: "failed", attempts: 1 });
    await expectMended(task, code, why);
  });

  test("is terminated: its place is kept, and a resume goes on in the same attempt", async () => {
    const task = await product.add("fault: hold");
    const { finished } = await product.engine.run(task.id);
    await waitFor(started, { what: "the task's process" });
    const events = await product.engine.events(task.id, { limit: 1_000 });
    expect(events.some((event) => event.type === "checkpoint" && event.step === "session")).toBe(true);
    const engine = await product.reopen(); // no grace: the thread is terminated in the middle
    await finished;
    await nothingLeft();
    expect(await engine.get(task.id)).toMatchObject({ status: "paused", attempts: 1 });
    expect(await engine.attempts(task.id)).toMatchObject([{ number: 1, outcome: "running" }]);
    await engine.resume(task.id);
    await waitFor(async () => (await engine.get(task.id)).status === "done", { what: "the end" });
    expect(await engine.attempts(task.id)).toMatchObject([{ number: 1, outcome: "completed" }]);
    expect(product.worktrees).toEqual([]);
  });
});

test("the lease of a hung worker's task is not renewed until the worker is ended; the attempt counts once, the next task gets a new worker", async () => {
  const told: string[] = [];
  const note = (text: string): void => void told.push(text);
  const log = { debug: note, info: note, warn: note, error: note };
  const workers = new TaskWorkerHost({
    script: file("../../src/worker/harness.ts"),
    settings: () => ({ poolSize: 1, poolMode: "thread", poolModules: [file("../helpers/handlers/testHandlers.ts")] }),
    timers: realTimers,
    log,
    silenceMs: 9_000,
  });
  const handled: AgentRunner = {
    run: ({ task, attempt }, _workspace, _prompt, observer) => {
      const invocation = workers.run({ taskId: task.id, attempt: attempt.number, handler: task.title, input: {} }, observer);
      return { ...invocation, result: invocation.result.then(() => ({ sessionId: "s", finalMessage: "I changed the file." })) };
    },
  };
  const store = new SqliteTaskStore(openDatabase(":memory:"));
  const renew = store.renewLease.bind(store);
  store.renewLease = (...lease) => (note("renewed"), renew(...lease));
  const clock = { now: () => Date.now() };
  const engine = makeBareEngine({
    store,
    agent: handled,
    git: doneGit,
    log,
    workers,
    clock,
    timers: realTimers,
    leaseMs: 3_000,
    time: new FastTime(Date.now()),
  });
  const task = await engine.enqueue({ title: "test.spin", maxAttempts: 1 });
  const { finished } = await engine.run(task.id);
  expect(await finished).toMatchObject({ status: "failed", attempts: 1, result: { error: { code: "WORKER_FAILED" } } });
  const silent = told.findIndex((line) => line.includes("its lease is not renewed"));
  expect(told.slice(0, silent)).toContain("renewed");
  expect(told.slice(silent)).not.toContain("renewed");
  expect(told.indexOf("a worker is gone")).toBeGreaterThan(silent);
  expect(await engine.attempts(task.id)).toHaveLength(1);
  const next = await engine.enqueue({ title: "test.echo" });
  expect(await (await engine.run(next.id)).finished).toMatchObject({ status: "done" });
  await engine.stopEngine();
  await store.close();
});
