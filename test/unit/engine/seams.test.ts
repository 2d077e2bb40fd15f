/** Moments at which two wishes, or a wish and the end of a run, meet: whatever comes first, the state tells the truth. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TaskQueue } from "../../../src/engine/taskQueue.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";
import { TwoEngines } from "../../helpers/twoEngines.ts";

let two: TwoEngines;
let here: TestEngine;
let there: TestEngine;
beforeEach(async () => {
  two = await TwoEngines.open();
  ({ here, there } = two);
});
afterEach(() => two.close());

const running = (title?: string): Promise<Task> => two.running(title);

/** A task whose process was closed while it ran. */
async function interrupted(): Promise<Task> {
  const task = await running();
  here.world.goneOwners = ["there"];
  there.world.goneOwners = ["here"];
  await there.engine.pause(task.id);
  return task;
}

async function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a second pause", () => {
  test("in this process does not let the task go on", async () => {
    const task = await running();
    const results = await Promise.allSettled([here.engine.pause(task.id), here.engine.pause(task.id)]);
    expect(results[0]).toMatchObject({ status: "fulfilled" });
    expect(await here.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(here.world.turns[0]?.gate.isClosed).toBe(true);
  });

  test("from another process does not let the task go on", async () => {
    const task = await running();
    await there.engine.pause(task.id);
    await there.engine.pause(task.id);
    await waitFor(async () => (await here.engine.get(task.id)).status === "paused", { what: "the pause" });
    await waitFor(() => here.world.logged.some((line) => line.includes("too late")), { what: "the second pause to be heard" });
    expect(here.world.turns[0]?.gate.isClosed).toBe(true);
  });
});

describe("while a task is taken over, and what was left of it is ended first,", () => {
  test.each(["stop", "cancel", "pause"] as const)("a %s from another process is obeyed", async (wish) => {
    const task = await interrupted();
    const reaping = Promise.withResolvers<void>();
    there.world.onReap = () => reaping.promise;
    there.world.onTurn = () => undefined;
    here.world.goneOwners = [];
    const resumed = there.engine.resume(task.id);
    await waitFor(() => there.world.reaped.length > 0, { what: "the look for leftovers" });
    const third = new TestEngine({ database: two.database, owner: "third", clock: here.clock });
    await third.engine.start();
    await third.engine[wish](task.id);
    // The change was heard, or will be: nothing else tells this process of it.
    await waitFor(() => there.published(task).includes("requested"), { what: "the request to be heard" });
    reaping.resolve();
    await resumed;
    const wanted = { stop: "stopped", cancel: "cancelled", pause: "paused" }[wish];
    await waitFor(async () => (await third.engine.get(task.id)).status === wanted, { what: `the task to be ${wanted}` });
    expect(await third.engine.get(task.id)).not.toHaveProperty("request");
    await third.close();
  });

  test("a stop in this process is obeyed", async () => {
    const task = await interrupted();
    const reaping = Promise.withResolvers<void>();
    there.world.onReap = () => reaping.promise;
    there.world.onTurn = () => undefined;
    const resumed = there.engine.resume(task.id);
    await waitFor(() => there.world.reaped.length > 0, { what: "the look for leftovers" });
    const stopped = there.engine.stop(task.id);
    reaping.resolve();
    await Promise.all([resumed, stopped]);
    await waitFor(() => there.engine.running.length === 0, { what: "the end of the run" });
    expect(await there.engine.get(task.id)).toMatchObject({ status: "stopped" });
  });

  test("the end of the process keeps the place", async () => {
    const task = await interrupted();
    const reaping = Promise.withResolvers<void>();
    there.world.onReap = () => reaping.promise;
    there.world.git = { isClean: () => Promise.reject(new TaskMasterError("CANCELLED", "The workers are shutting down.")) };
    const resumed = settled(there.engine.resume(task.id));
    await waitFor(() => there.world.reaped.length > 0, { what: "the look for leftovers" });
    const stopping = there.engine.stopEngine();
    reaping.resolve();
    await Promise.all([resumed, stopping]);
    await waitFor(() => there.engine.running.length === 0, { what: "the end of the run" });
    expect(await here.engine.get(task.id)).toMatchObject({ status: "paused" });
  });
});

describe("while a failed attempt is cleaned up,", () => {
  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("a %s holds: the task is not tried again", async (wish, status) => {
    const task = await running();
    const cleaning = Promise.withResolvers<object>();
    here.world.git = { cleanup: () => cleaning.promise };
    here.world.turns[0]?.fail(new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true }));
    await waitFor(() => here.world.gitCalls.includes("cleanup"), { what: "the clean-up" });
    const wished = here.engine[wish](task.id);
    cleaning.resolve({});
    await wished;
    expect(await here.engine.get(task.id)).toMatchObject({ status });
  });

  test("a cancel from another process that was not heard yet holds", async () => {
    const task = await running();
    const cleaning = Promise.withResolvers<object>();
    here.world.git = { cleanup: () => cleaning.promise };
    here.world.turns[0]?.fail(new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true }));
    await waitFor(() => here.world.gitCalls.includes("cleanup"), { what: "the clean-up" });
    await there.engine.cancel(task.id);
    cleaning.resolve({});
    await waitFor(() => here.engine.running.length === 0, { what: "the end of the run" });
    expect(await here.engine.get(task.id)).toMatchObject({ status: "cancelled" });
  });
});

describe("runAll", () => {
  test("waits for a slot that another run of this process holds", async () => {
    here.world.settings = { ...here.world.settings, poolSize: 1 };
    await running("by hand");
    here.world.onTurn = (turn) => turn.finish();
    const second = await here.add("second");
    const all = here.engine.runAll();
    const first = await Promise.race([all, new Promise((resolve) => setImmediate(resolve, "waits"))]);
    expect(first).toBe("waits");
    here.world.turns[0]?.finish();
    expect(await all).toEqual([second.id]);
  });

  test.each(["cancel", "remove"] as const)("does not wait for the retry of a task after a %s", async (wish) => {
    here.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true }));
    const task = await here.add("write");
    const all = here.engine.runAll();
    await waitFor(async () => (await here.engine.get(task.id)).notBefore !== undefined && here.engine.running.length === 0, { what: "the failed attempt" });
    await there.engine[wish](task.id);
    expect(await all).toEqual([task.id]);
  });

  test("passes over a task that is removed at the moment when it would be taken", async () => {
    const [gone, stays] = [await here.add("gone", { priority: "high" }), await here.add("stays")];
    const candidates = here.store.candidates.bind(here.store);
    here.store.candidates = async (...args) => {
      const found = await candidates(...args);
      if (found.some(({ id }) => id === gone.id)) await there.engine.remove(gone.id);
      return found;
    };
    expect(await here.engine.runAll()).toEqual([stays.id]);
  });
});

test("a loop that pulls again and again leaves a slow owner as much time to renew its lease as a look now and then does", async () => {
  const task = await running();
  const queue = new TaskQueue(there.deps);
  here.world.silentTasks = [task.id];
  here.clock.advance(31_000);
  for (let pull = 0; pull < 5; pull++) expect(await queue.pullTask({ signal: AbortSignal.timeout(60_000) })).toBe("empty");
  expect(await here.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "here", token: 1 } });
});

test("a queue that is resumed tries the task again that met the limit", async () => {
  const limited = new TaskMasterError("GOOSE_RATE_LIMIT", "slow down", { retryable: true, retryAt: here.clock.now() + 3_600_000 });
  here.world.onTurn = (turn) => (here.world.turns.length === 1 ? turn.fail(limited) : turn.finish());
  const task = await here.add("write");
  const all = here.engine.runAll();
  await waitFor(async () => (await here.engine.get(task.id)).notBefore !== undefined && here.engine.running.length === 0, { what: "the limit" });
  await there.engine.resumeQueue();
  expect(await all).toEqual([task.id]);
  expect(await here.engine.get(task.id)).toMatchObject({ status: "done", attempts: 2 });
});

test("a pause that the process did not live to hear holds, also where interrupted tasks go on by themselves", async () => {
  const task = await running();
  there.world.settings = { ...there.world.settings, afterInterruption: "resume" };
  there.world.onTurn = () => undefined;
  await here.store.close();
  await there.engine.pause(task.id);
  expect(await there.engine.get(task.id)).toMatchObject({ status: "in_progress", request: "pause" });
  there.world.goneOwners = ["here"];
  here.clock.advance(10_000);
  await waitFor(async () => (await there.engine.get(task.id)).status === "paused", { what: "the pause" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(await there.engine.get(task.id)).toMatchObject({ status: "paused" });
});
