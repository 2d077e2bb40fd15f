import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unattended } from "../../../src/engine/approvals.ts";
import { createAgentWork } from "../../../src/engine/agentWork.ts";
import { loop } from "../../../src/engine/loop.ts";
import type { LeasedTask } from "../../../src/engine/ports.ts";
import type { LooperDeps, TaskOutcome } from "../../../src/engine/looper.ts";
import { RunEnd } from "../../../src/engine/runEnd.ts";
import { TaskQueue } from "../../../src/engine/taskQueue.ts";
import { createWorkCheck } from "../../../src/engine/verification.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";
import { TestEngine, type TestWorld } from "../../helpers/testEngine.ts";

let t: TestEngine;
let queue: TaskQueue;
const makeQueue = (world: TestEngine, owner = "queue"): TaskQueue => new TaskQueue({ ...world.deps, owner });
/** The same numbers every time. */
const numbers = (): (() => number) => {
  let seed = 1;
  return () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
};
beforeEach(() => {
  t = new TestEngine();
  queue = makeQueue(t);
});
afterEach(async () => {
  queue.dispose();
  await t.close();
});

const never = new AbortController().signal;
const pulled = async (from = queue, signal = never): Promise<LeasedTask> => {
  const leased = await from.pullTask({ signal });
  if (typeof leased === "string") throw new Error(`nothing to pull: ${leased}`);
  return leased;
};
const asleep = (): Promise<unknown> => waitFor(() => t.clock.pending > 0, { what: "the wait for the retry" });
const failure = (retryable: boolean): TaskOutcome => ({ kind: "failed", error: new TaskMasterError("GOOSE_NETWORK", "no network", { retryable }) });
const success: TaskOutcome = {
  kind: "completed",
  summary: "Done.",
  commit: { commits: ["c0ffee"], files: ["a.txt"] },
  workspace: { repository: "/repository", worktree: "/w", branch: "tm/a", baseSha: "b", startSha: "b" },
};

/** The loop over a queue, with the world's scripted agent and git. */
function worker(world: TestEngine, from: TaskQueue): LooperDeps {
  const { agent, git, log, store, verifier } = world.deps;
  const { pullTask, ackTask, checkpoint, journal } = from;
  const runWorker = createAgentWork({ agent, store, log, journal, approval: unattended(world.deps.settings) });
  return { git, log, pullTask, ackTask, checkpoint, runWorker, verify: createWorkCheck({ git, verifier }), sleep: () => Promise.resolve() };
}

describe("a queue", () => {
  test("gives the most urgent ready task, one at a time, and counts those that wait", async () => {
    const [low, high] = (await queue.addTasks([
      { title: "low", priority: "low" },
      { title: "high", priority: "high" },
    ])) as [Task, Task];
    await queue.addTasks([{ title: "later", dependsOn: [low.id] }]);
    expect(await queue.getRemainingCount()).toBe(3);
    const first = await pulled();
    expect(first.task.id).toBe(high.id);
    expect(await queue.getRemainingCount()).toBe(2);
    const second = pulled();
    await Promise.resolve();
    expect(await t.store.get(low.id)).toMatchObject({ status: "todo" }); // held back until the first is acknowledged
    await queue.ackTask(first, success);
    expect((await second).task.id).toBe(low.id);
    await queue.ackTask(await second, success);
    expect((await pulled()).task.title).toBe("later"); // unblocked
  });

  test("of two that wait for the same acknowledgement one gets the next task", async () => {
    await queue.addTasks([{ title: "a" }, { title: "b" }, { title: "c" }]);
    const first = await pulled();
    const waiting = [pulled(), pulled()];
    await queue.ackTask(first, success);
    const next = await Promise.race(waiting);
    expect((await t.store.list({ statuses: ["in_progress"] })).map(({ id }) => id)).toEqual([next.task.id]);
    await queue.ackTask(next, success);
    expect(new Set((await Promise.all(waiting)).map(({ task }) => task.title))).toEqual(new Set(["b", "c"]));
  });

  test("adds none of the tasks when one is malformed", async () => {
    await expect(queue.addTasks([{ title: "good" }, { title: " " }])).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect(await t.store.list()).toEqual([]);
  });

  test("empty when nothing is ready, aborted when the signal says so", async () => {
    expect(await queue.pullTask({ signal: never })).toBe("empty");
    expect(await queue.pullTask({ signal: AbortSignal.abort() })).toBe("aborted");
  });

  test("an abort ends the wait for an acknowledgement and for a retry", async () => {
    await queue.addTasks([{ title: "a", maxAttempts: 2 }]);
    const leased = await pulled();
    const held = new AbortController();
    const waiting = queue.pullTask({ signal: held.signal });
    held.abort();
    expect(await waiting).toBe("aborted");
    await queue.ackTask(leased, failure(true));
    const sleeping = new AbortController();
    const retry = queue.pullTask({ signal: sleeping.signal });
    await asleep();
    sleeping.abort();
    expect(await retry).toBe("aborted");
  });

  test("waits for a task that failed and is to be tried again", async () => {
    await queue.addTasks([{ title: "a", maxAttempts: 2 }]);
    await queue.ackTask(await pulled(), failure(true));
    const again = pulled();
    await asleep();
    t.clock.advance(60_000);
    expect((await again).attempt.number).toBe(2);
    await queue.ackTask(await again, failure(true));
    expect(await queue.pullTask({ signal: never })).toBe("empty"); // no attempts left
    expect((await t.store.list())[0]?.status).toBe("failed");
  });

  test("renews the lease of a pulled task until it is acknowledged", async () => {
    await queue.addTasks([{ title: "a" }]);
    const leased = await pulled();
    const before = (await t.store.get(leased.task.id))?.lease?.expiresAt ?? 0;
    t.clock.advance(t.deps.leaseMs / 3);
    await expect.poll(async () => (await t.store.get(leased.task.id))?.lease?.expiresAt).toBeGreaterThan(before);
  });

  test("the outcome of a lost lease is dropped, and the next task is free", async () => {
    await queue.addTasks([{ title: "a" }, { title: "b" }]);
    const leased = await pulled();
    t.world.goneOwners = ["queue"];
    const other = makeQueue(t, "other");
    expect((await pulled(other)).task.id).toBe(leased.task.id);
    await queue.ackTask(leased, success);
    expect(await t.store.get(leased.task.id)).toMatchObject({ status: "in_progress", lease: { owner: "other" } });
    expect((await pulled()).task.title).toBe("b");
    other.dispose();
  });

  test("goes on with what a dead process was working on, in the same attempt; what its user paused stays paused", async () => {
    const [first, second] = (await queue.addTasks([{ title: "a" }, { title: "b" }])) as [Task, Task];
    const held = new TaskQueue({ ...t.deps, owner: "dead" });
    const leased = await pulled(held);
    await held.checkpoint(leased, "prepared", { branch: "tm/a", baseSha: "b", startSha: "b", worktree: "/w" });
    held.dispose();
    t.world.goneOwners = ["dead"];
    const again = await pulled();
    expect(again).toMatchObject({ task: { id: first.id }, attempt: { number: 1, interruptions: 1 }, continues: { workspace: { branch: "tm/a" } } });
    await queue.ackTask(again, success);
    expect((await pulled()).task.id).toBe(second.id);
  });

  test("is the same after it was closed: a second one on the same file goes on", async () => {
    using place = createTempDir();
    const open = (): [SqliteTaskStore, TaskQueue] => {
      const store = new SqliteTaskStore(openDatabase(`${place.dir}/queue.db`));
      return [store, new TaskQueue({ ...t.deps, store })];
    };
    const [store, one] = open();
    await one.addTasks([{ title: "a" }, { title: "b" }]);
    const leased = await pulled(one);
    await one.ackTask(leased, success);
    one.dispose();
    await store.close();
    const [again, two] = open();
    expect(await two.getRemainingCount()).toBe(1);
    expect((await pulled(two)).task.title).toBe("b");
    expect(await again.get(leased.task.id)).toMatchObject({ status: "done", result: { output: "Done." } });
    two.dispose();
    await again.close();
  });
});

describe("what the loop does over a queue is what the engine does", () => {
  const worlds: readonly (readonly [what: string, prepare: (world: TestWorld) => void])[] = [
    ["a success that unblocks a dependant", () => undefined],
    [
      "a failure that is tried again",
      (world) => (world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_NETWORK", "gone", { retryable: true, details: "x" }))),
    ],
    ["a failure for good", (world) => (world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_REFUSED", "no")))],
    ["a check that fails twice", (world) => (world.files = [])],
    ["a push that is refused", (world) => (world.git = { push: () => Promise.resolve({ pushed: false, reason: "no" }) })],
    ["a push that works", (world) => (world.git = { push: () => Promise.resolve({ pushed: true }) })],
    [
      "a lost session",
      (world) => (world.onTurn = (turn) => (turn.prompt.sessionId === undefined ? turn.finish() : turn.fail(new TaskMasterError("GOOSE_SESSION_LOST", "x")))),
    ],
  ];

  /** Rows, attempts and journals, without what differs by nature: ids, the owner's name. */
  async function picture(world: TestEngine): Promise<unknown> {
    const tasks = await world.store.list();
    const rows = await Promise.all(
      tasks.map(async (task) => ({ task, attempts: await world.store.attempts(task.id), events: await world.store.events(task.id, { limit: 1_000 }) })),
    );
    let text = JSON.stringify(rows);
    tasks.forEach(({ id }, index) => (text = text.replaceAll(id, `task-${index}`)));
    return JSON.parse(text.replaceAll('"owner":"queue"', '"owner":"test"'));
  }

  test.each(worlds)("%s", async (_what, prepare) => {
    const other = new TestEngine();
    try {
      for (const world of [t, other]) {
        prepare(world.world);
        Object.assign(world.deps, { random: numbers() });
        const first = await world.add("a", { maxAttempts: 2 });
        await world.add("b", { dependsOn: [first.id] });
      }
      const first = (await t.store.list())[0] as Task;
      await (
        await t.engine.run(first.id)
      ).finished;
      const over = makeQueue(other);
      const deps = worker(other, over);
      let isFirst = true;
      // Only the first task, as the engine was told.
      await loop({ ...deps, pullTask: async (options) => (isFirst ? ((isFirst = false), deps.pullTask(options)) : "empty") })({ signal: never });
      over.dispose();
      expect(await picture(other)).toEqual(await picture(t));
    } finally {
      await other.close();
    }
  });
});

describe("an abort while a task runs", () => {
  test.each([
    ["without a reason stops the task", undefined, { status: "stopped" }],
    ["as a shutdown keeps its place", new RunEnd("shutdown", "Bye."), { status: "paused" }],
  ])("%s, and the loop ends", async (_what, reason, expected) => {
    await queue.addTasks([{ title: "a" }, { title: "b" }]);
    t.world.onTurn = () => undefined;
    const controller = new AbortController();
    const working = loop(worker(t, queue))({ signal: controller.signal });
    await t.turn();
    controller.abort(reason);
    await working;
    expect((await t.store.list()).map(({ status }) => status)).toEqual([expected.status, "todo"]);
  });

  test("a lost lease ends the turn and touches nothing", async () => {
    await queue.addTasks([{ title: "a" }]);
    t.world.onTurn = () => undefined;
    const working = loop(worker(t, queue))({ signal: never });
    const turn = await t.turn();
    t.world.goneOwners = ["queue"];
    const other = makeQueue(t, "other");
    await pulled(other);
    turn.observer.onEvents?.([{ type: "log", level: "info", message: "late" }]);
    await working;
    expect(t.world.gitCalls).not.toContain("cleanup");
    expect(turn.cancelReasons).toHaveLength(1);
    other.dispose();
  });
});
