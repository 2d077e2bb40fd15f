import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import { maxFailuresInRow } from "../../../src/engine/circuitBreaker.ts";
import type { RunningTask } from "../../../src/engine/facade.ts";
import { QueueGuard } from "../../../src/engine/queueGuard.ts";
import { TaskMasterError, type ErrorCode } from "../../../src/model/errors.ts";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import type { Task } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { ManualClock } from "../../helpers/manualClock.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { TestEngine, type AgentTurnProbe } from "../../helpers/testEngine.ts";

const minute = 60_000;

/** Two processes on one queue, with one clock. */
let folder: TempDir;
let clock: ManualClock;
let t: TestEngine;
let other: TestEngine;
beforeEach(async () => {
  folder = createTempDir("guard-");
  clock = new ManualClock();
  t = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner: "one" });
  other = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner: "two" });
  for (const { engine } of [t, other]) await engine.start();
});
afterEach(async () => {
  await t.close();
  await other.close();
  folder.dispose();
});

const failing =
  (code: ErrorCode, options: { retryable?: boolean; retryAt?: number } = {}) =>
  (turn: AgentTurnProbe): void =>
    turn.fail(new TaskMasterError(code, `it is ${code}`, options));

const statuses = async (): Promise<string[]> => (await t.engine.list()).map(({ status }) => status);
const turnsOf = (...engines: TestEngine[]): number => engines.reduce((sum, { world }) => sum + world.turns.length, 0);

async function runNext(engine: TestEngine = t): Promise<Task | undefined> {
  return (await engine.engine.runNext())?.finished;
}

describe("a limit of the provider", () => {
  /** One task has met a limit that ends in ten minutes. */
  async function limited(more: string[] = []): Promise<Task> {
    const task = await t.add("first");
    for (const title of more) await t.add(title);
    t.world.onTurn = failing("GOOSE_RATE_LIMIT", { retryable: true, retryAt: clock.now() + 10 * minute });
    const ended = await (await t.engine.run(task.id)).finished;
    t.world.onTurn = (turn) => turn.finish();
    return ended;
  }

  test("puts the task back until then without costing a try, and no process starts another of that agent", async () => {
    const ended = await limited(["second"]);
    expect(ended).toMatchObject({ status: "todo", attempts: 1, freeAttempts: 1, maxAttempts: 3, notBefore: clock.now() + 10 * minute });
    expect(await runNext(t)).toBeUndefined();
    expect(await runNext(other)).toBeUndefined();
    expect(await other.engine.queueStatus()).toEqual({
      limits: [{ agent: "", until: clock.now() + 10 * minute, reason: "it is GOOSE_RATE_LIMIT", isTrying: false }],
    });
    expect(turnsOf(t, other)).toBe(1);
  });

  test("holds only its own agent, however many of its tasks are ahead", async () => {
    await limited(Array.from({ length: 60 }, (_, index) => `waiting ${index}`));
    const template = await t.add("template");
    await t.store.insert({ ...template, id: "careful0" as Task["id"], agent: "careful", version: 1 }, []);
    expect(await runNext(other)).toMatchObject({ id: "careful0", status: "done" });
    expect(await runNext(other)).toBeUndefined();
  });

  test("ends with one task at a time until one succeeds, then fully, over all processes", async () => {
    await limited(["second", "third", "fourth"]);
    clock.advance(10 * minute);
    for (const each of [t, other]) each.world.onTurn = () => undefined;
    const trial = await t.engine.runNext();
    expect(trial).toBeDefined();
    expect(await t.engine.runNext()).toBeUndefined();
    expect(await other.engine.runNext()).toBeUndefined();
    expect((await other.engine.queueStatus()).limits).toMatchObject([{ isTrying: true }]);
    (await t.turn(1)).finish();
    await trial?.finished;
    expect(await other.engine.queueStatus()).toEqual({ limits: [] });
    expect(await t.engine.runNext()).toBeDefined();
    expect(await other.engine.runNext()).toBeDefined();
    expect(await other.engine.runNext()).toBeDefined();
  });

  test("met again on trial waits longer, and another failure only ends the trial", async () => {
    await limited(["second"]);
    clock.advance(10 * minute);
    t.world.onTurn = failing("GOOSE_RATE_LIMIT", { retryable: true });
    await runNext();
    const again = (await t.engine.queueStatus()).limits[0];
    expect(again?.until).toBeGreaterThanOrEqual(clock.now() + minute); // the second time: half of two minutes at least
    clock.advance(4 * minute);
    t.world.onTurn = failing("GOOSE_REFUSED");
    expect(await runNext()).toMatchObject({ status: "failed" });
    expect((await t.engine.queueStatus()).limits).toHaveLength(1);
    t.world.onTurn = (turn) => turn.finish();
    expect(await runNext()).toMatchObject({ status: "done" });
    expect((await t.engine.queueStatus()).limits).toEqual([]);
  });

  test("met by tasks that ran together counts as one", async () => {
    t.world.onTurn = () => undefined;
    for (const title of ["a", "b"]) await t.add(title);
    const runs = [await t.engine.runNext(), await t.engine.runNext()];
    await t.turn(1);
    for (const turn of t.world.turns) turn.fail(new TaskMasterError("GOOSE_RATE_LIMIT", "slow", { retryable: true, retryAt: clock.now() + minute }));
    for (const run of runs) await run?.finished;
    expect((await t.engine.queueStatus()).limits).toMatchObject([{ until: clock.now() + minute }]);
  });

  test("of a trial whose process died does not hold the others for ever", async () => {
    await limited(["second"]);
    clock.advance(10 * minute);
    other.world.onTurn = () => undefined;
    const trial = await other.engine.runNext();
    await other.turn();
    expect(await runNext()).toBeUndefined();
    t.world.goneOwners = ["two"];
    clock.advance(11_000);
    await waitFor(async () => (await t.engine.get(trial?.task.id as Task["id"])).status === "paused", { what: "the task of the dead process to be paused" });
    expect(await runNext()).toMatchObject({ status: "done" });
  });

  test("of a trial that was reserved and never claimed holds for the time of a lease", async () => {
    await limited(["second"]);
    clock.advance(10 * minute);
    const [state] = [...(await t.store.states())].filter(([name]) => name === "agent:");
    const second = (await t.engine.list()).find(({ title }) => title === "second") as Task;
    await t.store.replaceState("agent:", state?.[1], { ...state?.[1], trial: { taskId: second.id, attempts: 0, at: clock.now() } });
    expect(await runNext()).toBeUndefined();
    clock.advance(30_000);
    expect(await runNext()).toMatchObject({ status: "done" });
  });

  test("a person who knows better runs a task by its id, whose success ends the wait, or resumes the queue", async () => {
    const first = await limited(["second"]);
    clock.advance(1);
    expect(await (await other.engine.run(first.id)).finished).toMatchObject({ status: "done" });
    expect(await other.engine.queueStatus()).toEqual({ limits: [] });
    await t.add("third");
    t.world.onTurn = failing("GOOSE_RATE_LIMIT", { retryable: true, retryAt: clock.now() + 10 * minute });
    await runNext();
    t.world.onTurn = (turn) => turn.finish();
    await other.engine.resumeQueue();
    expect(await runNext()).toMatchObject({ status: "done" });
  });

  test("ends for the tasks that met it, too, when the queue is resumed; other retries keep their time", async () => {
    const first = await limited();
    t.world.onTurn = failing("GOOSE_PROVIDER", { retryable: true });
    const retried = await (await t.engine.run((await t.add("other")).id)).finished;
    t.world.onTurn = (turn) => turn.finish();
    await other.engine.resumeQueue();
    expect((await t.engine.get(first.id)).notBefore).toBeUndefined();
    expect((await t.engine.get(retried.id)).notBefore).toBe(retried.notBefore);
    expect(await runNext()).toMatchObject({ id: first.id, status: "done" });
  });

  test("runAll goes on at once when the queue is resumed meanwhile", async () => {
    const first = await t.add("first");
    t.world.onTurn = failing("GOOSE_RATE_LIMIT", { retryable: true, retryAt: clock.now() + 10 * minute });
    const all = t.engine.runAll();
    await waitFor(async () => (await t.engine.get(first.id)).notBefore !== undefined, { what: "the limit" });
    t.world.onTurn = (turn) => turn.finish();
    await other.engine.resumeQueue();
    expect(await all).toEqual([first.id]);
  });

  test("runAll waits for it, tries with one, then goes on with all", async () => {
    t.world.onTurn = (turn) => (t.world.turns.length === 1 ? failing("GOOSE_RATE_LIMIT", { retryable: true, retryAt: clock.now() + minute })(turn) : undefined);
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    for (const title of ["a", "b", "c"]) await t.add(title);
    const all = t.engine.runAll();
    await waitFor(async () => (await t.engine.queueStatus()).limits.length > 0, { what: "the limit" });
    t.world.settings = { ...t.world.settings, poolSize: 2 };
    const elsewhere = other.engine.runAll(); // has nothing of its own to wait for, and waits all the same
    await waitFor(() => clock.pending >= 4, { what: "both to sleep" });
    other.world.onTurn = () => undefined;
    clock.advance(minute);
    await waitFor(() => turnsOf(t, other) === 2, { what: "the trial" });
    const trial = [...t.world.turns, ...other.world.turns].find((turn, index) => index > 0 && turn !== t.world.turns[0]);
    for (const each of [t, other]) each.world.onTurn = (turn) => turn.finish();
    trial?.finish();
    const ran = [...(await all), ...(await elsewhere)];
    expect(new Set(ran).size).toBe(3);
    expect(await statuses()).toEqual(["done", "done", "done"]);
  });

  test("nonsense in the database counts as no limit", async () => {
    for (const [name, value] of [
      ["agent:", { until: "tomorrow" }],
      ["agent:x", { since: 1, until: Number.MAX_SAFE_INTEGER, strikes: 1, reason: "for ever", trial: { taskId: "../etc" } }],
      ["breaker", { failures: [{ code: "NO_SUCH" }, null], stoppedAt: "now" }],
    ] as const)
      await t.store.replaceState(name, undefined, value);
    await t.add("a");
    expect(await runNext()).toMatchObject({ status: "done" });
    expect((await t.engine.queueStatus()).limits).toMatchObject([{ agent: "x", isTrying: true }]);
  });
});

describe("the circuit breaker", () => {
  beforeEach(() => {
    for (const each of [t, other]) each.world.settings = { ...each.world.settings, poolSize: 1, maxAttempts: 1 };
  });

  async function addMany(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await t.add(`task ${i}`);
  }

  test(`stops the queue after ${maxFailuresInRow} failures in a row, over all processes, and says why`, async () => {
    await addMany(8);
    for (const each of [t, other]) each.world.onTurn = failing("GOOSE_REFUSED");
    await (
      await other.engine.run((await t.engine.list())[7]?.id as Task["id"])
    ).finished;
    const heard: QueueStatus[] = [];
    other.engine.onDidChangeQueue((status) => heard.push(status));
    expect(await t.engine.runAll()).toHaveLength(maxFailuresInRow - 1);
    expect((await statuses()).filter((status) => status === "failed")).toHaveLength(maxFailuresInRow);
    const { stop } = await other.engine.queueStatus();
    expect(stop?.isCertain).toBe(false);
    expect(stop?.failures.map(({ title }) => title)).toEqual(["task 7", "task 0", "task 1", "task 2", "task 3"]);
    expect(stop?.failures.at(-1)).toMatchObject({ code: "GOOSE_REFUSED", message: "it is GOOSE_REFUSED" });
    expect(await other.engine.runAll()).toEqual([]);
    await waitFor(() => heard.at(-1)?.stop !== undefined, { what: "the other process to hear of the stop" });
  });

  test("a success between begins the count anew, and waiting for a limit does not count", async () => {
    await addMany(12);
    t.world.onTurn = (turn) => (t.world.turns.length % 4 === 0 ? turn.finish() : failing("GOOSE_REFUSED")(turn));
    expect(await t.engine.runAll()).toHaveLength(12);
    for (let i = 0; i < 6; i++) {
      t.world.onTurn = failing("GOOSE_RATE_LIMIT", { retryable: true });
      const task = await t.add(`limited ${i}`);
      await (
        await t.engine.run(task.id)
      ).finished;
    }
    expect((await t.engine.queueStatus()).stop).toBeUndefined();
  });

  test("counts attempts that are tried again", async () => {
    t.world.settings = { ...t.world.settings, maxAttempts: 10 };
    t.world.onTurn = failing("GOOSE_NETWORK", { retryable: true });
    const task = await t.add("a");
    const all = t.engine.runAll();
    for (let i = 1; i < maxFailuresInRow; i++) {
      await waitFor(async () => (await t.engine.get(task.id)).attempts === i && (await t.engine.get(task.id)).status === "todo", { what: `try ${i}` });
      await waitFor(() => clock.pending >= 3, { what: "the wait for the next try" });
      clock.advance(20 * minute);
    }
    expect(await all).toEqual([task.id]);
    // Nothing is lost: the task waits for its next try.
    expect(await t.engine.get(task.id)).toMatchObject({ status: "todo", attempts: maxFailuresInRow });
    expect((await t.engine.queueStatus()).stop?.failures).toHaveLength(maxFailuresInRow);
  });

  test.each(["GOOSE_NOT_FOUND", "GOOSE_NOT_CONFIGURED", "NO_IDENTITY", "GOOSE_AUTHENTICATION", "GOOSE_CREDITS", "STORE_CORRUPT"] as const)(
    "%s stops it at once: the first task has failed and says what to do, the others wait",
    async (code) => {
      await addMany(3);
      t.world.onTurn = failing(code);
      expect(await t.engine.runAll()).toHaveLength(1);
      expect(await statuses()).toEqual(["failed", "todo", "todo"]);
      expect((await other.engine.queueStatus()).stop).toMatchObject({ isCertain: true, failures: [{ code }] });
      expect(await other.engine.runAll()).toEqual([]);
    },
  );

  test("a full disk loses nothing, waits, and stops the queue when it lasts", async () => {
    t.world.onTurn = failing("DISK_FULL", { retryable: true });
    const task = await t.add("a");
    for (let i = 0; i < maxFailuresInRow; i++) await (await t.engine.run(task.id)).finished;
    expect(await t.engine.get(task.id)).toMatchObject({ status: "todo", attempts: 5, freeAttempts: 5, maxAttempts: 1 });
    expect((await t.engine.queueStatus()).stop).toMatchObject({ isCertain: false });
  });

  describe("is closed", () => {
    beforeEach(async () => {
      await addMany(3);
      t.world.onTurn = failing("GOOSE_NOT_FOUND");
      await t.engine.runAll();
      t.world.onTurn = (turn) => turn.finish();
    });

    test("by a task that a person runs", async () => {
      expect(await t.engine.runAll()).toEqual([]);
      await (
        await other.engine.run((await t.engine.list())[1]?.id as Task["id"])
      ).finished;
      expect(await t.engine.runAll()).toHaveLength(1);
    });

    test("by running the next one", async () => {
      expect(await runNext(other)).toMatchObject({ status: "done" });
      expect(await t.engine.queueStatus()).toEqual({ limits: [] });
      expect(await t.engine.runAll()).toHaveLength(1);
    });

    test("by resuming the queue, which is heard elsewhere", async () => {
      const heard: QueueStatus[] = [];
      t.engine.onDidChangeQueue((status) => heard.push(status));
      await other.engine.resumeQueue();
      await waitFor(() => heard.at(-1)?.stop === undefined && heard.length > 0, { what: "the resume" });
      expect(await t.engine.runAll()).toHaveLength(2);
    });

    test("and opens again when nothing was mended", async () => {
      t.world.onTurn = failing("GOOSE_NOT_FOUND");
      await runNext();
      expect(await t.engine.runAll()).toEqual([]);
      expect((await t.engine.queueStatus()).stop?.failures).toHaveLength(1);
    });

    test("not by a retry, which only puts the task back", async () => {
      await t.engine.retry((await t.engine.list())[0]?.id as Task["id"]);
      expect(await t.engine.runAll()).toEqual([]);
      await t.engine.resumeQueue();
      expect(await t.engine.runAll()).toHaveLength(3);
    });
  });
});

test("a task whose tries are used up has failed, is told, and a retry by hand gives it all of them again", async () => {
  t.world.onTurn = failing("GOOSE_NETWORK", { retryable: true });
  const task = await t.add("a", { maxAttempts: 2 });
  const tries = async (): Promise<Task> => {
    for (;;) {
      const ended = await (await t.engine.run(task.id)).finished;
      if (ended.status !== "todo") return ended;
    }
  };
  expect(await tries()).toMatchObject({ status: "failed", attempts: 2, result: { error: { code: "GOOSE_NETWORK" } } });
  expect(t.changes.filter(({ event }) => event.type === "error").map(({ event }) => "willRetryAt" in event)).toEqual([true, false]);
  await t.engine.retry(task.id);
  expect(await tries()).toMatchObject({ status: "failed", attempts: 4 });
});

describe("the guard", () => {
  const guardOf = (engine: TestEngine): QueueGuard => new QueueGuard(engine.deps);
  const limit = (more: object = {}): JsonObject => ({ since: clock.now(), until: clock.now() + minute, strikes: 1, reason: "slow", ...more });

  test("holds an agent until its limit ends, then for a lease's length while one tries", async () => {
    const { id } = await t.add("first");
    const trial = { taskId: id, attempts: 0, at: clock.now() };
    await t.store.replaceState("agent:", undefined, limit());
    await t.store.replaceState("agent:x", undefined, limit({ until: clock.now(), trial }));
    await t.store.replaceState("agent:y", undefined, limit({ until: clock.now() }));
    const { held, stop } = await guardOf(t).gate();
    expect([...held]).toEqual([
      ["", clock.now() + minute],
      ["x", clock.now() + t.deps.leaseMs],
    ]);
    expect(stop).toBeUndefined();
  });

  test("lets nothing go on by itself while the agent waits or the queue has stopped", async () => {
    const guard = guardOf(t);
    const task = await t.add("first");
    await guard.assertOpen(task);
    await t.store.replaceState("agent:", undefined, limit());
    await expect(guard.assertOpen(task)).rejects.toMatchObject({ code: "CONFLICT" });
    await guard.assertOpen({ ...task, agent: "another" });
    await t.store.replaceState("breaker", undefined, { failures: [], stoppedAt: 1, isCertain: true });
    await expect(guard.assertOpen({ ...task, agent: "another" })).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("lets only one of two try that choose at the same moment", async () => {
    const [first, second] = [await t.add("first"), await t.add("second")];
    await t.store.replaceState("agent:", undefined, limit({ until: clock.now() }));
    const gates = [await guardOf(t).gate(), await guardOf(other).gate()] as const;
    expect(await guardOf(t).reserve(first, gates[0])).toBe(true);
    expect(await guardOf(other).reserve(second, gates[1])).toBe(false);
    expect((await t.store.states()).get("agent:")).toMatchObject({ trial: { taskId: first.id } });
  });

  test("a choice that somebody else's trial has overtaken takes nothing", async () => {
    for (const title of ["first", "second"]) await t.add(title);
    await t.store.replaceState("agent:", undefined, limit({ until: clock.now() }));
    for (const each of [t, other]) each.world.onTurn = () => undefined;
    const replaceState = t.store.replaceState.bind(t.store);
    t.store.replaceState = async (...args) => {
      t.store.replaceState = replaceState;
      await other.engine.runNext();
      return replaceState(...args);
    };
    expect(await t.engine.runNext()).toBeUndefined();
    expect(other.engine.running).toHaveLength(1);
  });

  test("changes nothing, and tells nobody, where there is nothing to change", async () => {
    const guard = guardOf(t);
    await t.store.replaceState("breaker", undefined, { failures: [] });
    await t.store.replaceState("something else", undefined, { a: 1 });
    const before = await t.store.states();
    let heard = 0;
    guard.onDidChange(() => heard++);
    let writes = 0;
    const replaceState = t.store.replaceState.bind(t.store);
    t.store.replaceState = (...args) => (writes++, replaceState(...args));
    await guard.goOn();
    expect([heard, writes]).toEqual([0, 0]);
    expect(await t.store.states()).toEqual(before);
    await guard.resume(); // of what it knows nothing about it takes nothing away
    expect([...(await t.store.states())]).toEqual([["something else", { a: 1 }]]);
    expect(heard).toBe(1);
    guard.dispose();
    await t.store.replaceState("breaker", undefined, { failures: [], stoppedAt: 1 });
    await guard.resume();
    expect(heard).toBe(1);
  });

  test("gives up a change that others overtake again and again; what it was about is recorded all the same", async () => {
    let tries = 0;
    t.store.replaceState = () => Promise.resolve(++tries < 0);
    t.world.onTurn = failing("GOOSE_REFUSED");
    expect(await (await t.engine.run((await t.add("first")).id)).finished).toMatchObject({ status: "failed" });
    expect(tries).toBe(50);
    t.store.replaceState = () => Promise.reject(new Error("locked"));
    expect(await (await t.engine.run((await t.add("second")).id)).finished).toMatchObject({ status: "failed" });
  });

  test("a task that was under way before the stop does not end it by its success", async () => {
    t.world.onTurn = () => undefined;
    const runs = [await t.engine.run((await t.add("a")).id), await t.engine.run((await t.add("b")).id)];
    failing("GOOSE_NOT_FOUND")(await t.turn(0));
    await runs[0]?.finished;
    const { stop } = await t.engine.queueStatus();
    (await t.turn(1)).finish();
    expect(await runs[1]?.finished).toMatchObject({ status: "done" });
    expect(stop).toMatchObject({ isCertain: true });
    expect((await t.engine.queueStatus()).stop).toEqual(stop);
  });

  test.each([0, 1])("a task that began %d ms before the limit was met does not end it by its success", async (before) => {
    t.world.onTurn = () => undefined;
    const tasks = [await t.add("a"), await t.add("b")];
    const runs: RunningTask[] = [];
    for (const { id } of tasks) runs.push(await t.engine.run(id));
    clock.advance(before);
    failing("GOOSE_RATE_LIMIT", { retryable: true, retryAt: clock.now() + minute })(await t.turn(0));
    await runs[0]?.finished;
    (await t.turn(1)).finish();
    expect(await runs[1]?.finished).toMatchObject({ status: "done" });
    expect((await t.engine.queueStatus()).limits).toMatchObject([{ until: clock.now() + minute }]);
  });

  test("a success ends no other agent's limit", async () => {
    await t.store.replaceState("agent:x", undefined, limit({ since: 1 }));
    await (
      await t.engine.run((await t.add("a")).id)
    ).finished;
    expect((await t.engine.queueStatus()).limits).toMatchObject([{ agent: "x" }]);
  });
});
