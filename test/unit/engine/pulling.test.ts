/** The queue of a loop without an engine: what it waits for, what wakes it, and that one task at a time is out. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maxInterruptions } from "../../../src/engine/interruptedTasks.ts";
import type { TaskOutcome } from "../../../src/engine/looper.ts";
import { NextTask } from "../../../src/engine/nextTask.ts";
import type { LeasedTask } from "../../../src/engine/ports.ts";
import { TaskQueue } from "../../../src/engine/taskQueue.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { newAttempt } from "../../contract/taskStoreFixtures.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
let queue: TaskQueue;
beforeEach(() => {
  t = new TestEngine();
  queue = new TaskQueue({ ...t.deps, owner: "queue" });
});
afterEach(async () => {
  queue.dispose();
  await t.close();
});

const never = new AbortController().signal;
type Pulled = LeasedTask | "empty" | "aborted";
const pull = (signal = never): Promise<Pulled> => queue.pullTask({ signal });
const titleOf = (pulled: Pulled): string => (typeof pulled === "string" ? pulled : pulled.task.title);
const asleep = (count = 1): Promise<unknown> => waitFor(() => t.clock.pending === count, { what: "the wait" });
const leasedOf = (pulled: Pulled): LeasedTask => {
  if (typeof pulled === "string") throw new Error(pulled);
  return pulled;
};
const network: TaskOutcome = { kind: "failed", error: new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true }) };
const success: TaskOutcome = {
  kind: "completed",
  summary: "Done.",
  commit: { commits: ["c"], files: ["f"] },
  workspace: { repository: "/r", worktree: "/w", branch: "tm/a", baseSha: "b", startSha: "b" },
};

describe("a pull", () => {
  test("takes tasks in the order in which they were added, each a millisecond younger", async () => {
    const added = await queue.addTasks(["a", "b", "c"].map((title) => ({ title })));
    expect(added.map(({ createdAt }) => createdAt - t.clock.now())).toEqual([0, 1, 2]);
    const seen: string[] = [];
    for (let index = 0; index < 3; index++) {
      const leased = leasedOf(await pull());
      seen.push(leased.task.title);
      await queue.ackTask(leased, success);
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect(await pull()).toBe("empty");
  });

  test("that waits for a retry is woken by a task that is added, and by the time of the first retry", async () => {
    await queue.addTasks([{ title: "a" }, { title: "b" }]);
    await queue.ackTask(leasedOf(await pull()), network);
    t.clock.advance(1_000);
    await queue.ackTask(leasedOf(await pull()), network);
    const waiting = pull();
    await asleep();
    await queue.addTasks([{ title: "new" }]);
    expect(titleOf(await waiting)).toBe("new");
    await queue.ackTask(leasedOf(await waiting), success);
    const retry = pull();
    await asleep();
    const times = (await t.store.list()).flatMap(({ notBefore }) => notBefore ?? []);
    t.clock.advance(Math.min(...times) - t.clock.now() - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(t.clock.pending).toBe(1);
    t.clock.advance(1);
    expect(leasedOf(await retry).attempt.number).toBe(2);
    expect(t.clock.pending).toBe(1); // the lease of the task, no wait any more
  });

  test("waits for an agent at its limit, and not for a queue that has stopped", async () => {
    await queue.addTasks([{ title: "a" }]);
    const limit = { since: t.clock.now(), until: t.clock.now() + 5_000, strikes: 1, reason: "slow" };
    await t.store.replaceState("agent:", undefined, limit);
    const waiting = pull();
    await asleep();
    t.clock.advance(5_000);
    const leased = leasedOf(await waiting);
    expect(leased.task.title).toBe("a");
    await queue.ackTask(leased, network);
    await t.store.replaceState("breaker", (await t.store.states()).get("breaker"), { failures: [], stoppedAt: 1, isCertain: true });
    expect(await pull()).toBe("empty");
  });

  test("that fails gives the queue free again, and says what failed", async () => {
    await queue.addTasks([{ title: "a" }]);
    const states = t.store.states.bind(t.store);
    t.store.states = () => Promise.reject(new TaskMasterError("STORE_FAILED", "locked"));
    await expect(pull()).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(await pull(AbortSignal.abort())).toBe("aborted");
    t.store.states = states;
    expect(titleOf(await pull())).toBe("a");
  });

  test("that found nothing gives the queue free again", async () => {
    expect(await pull()).toBe("empty");
    await queue.addTasks([{ title: "a" }]);
    expect(titleOf(await pull())).toBe("a");
  });
});

describe("an acknowledgement", () => {
  test("that cannot be recorded is told, and gives the queue free all the same", async () => {
    await queue.addTasks([{ title: "a" }, { title: "b" }]);
    const leased = leasedOf(await pull());
    const commit = t.store.commit.bind(t.store);
    t.store.commit = () => Promise.reject(new TaskMasterError("STORE_FAILED", "locked"));
    await expect(queue.ackTask(leased, success)).rejects.toMatchObject({ code: "STORE_FAILED" });
    t.store.commit = commit;
    expect(t.clock.pending).toBe(0);
    expect(titleOf(await pull())).toBe("b");
  });

  test("of a task that is not to be tried again leaves nothing to wait for", async () => {
    await queue.addTasks([{ title: "a", maxAttempts: 1 }]);
    await queue.ackTask(leasedOf(await pull()), network);
    expect(await pull()).toBe("empty");
  });
});

describe("tasks of a process that is gone", () => {
  /** A running or paused task of "dead", interrupted so often before. */
  async function left(title: string, interruptions: number, fields: Partial<Task> = {}): Promise<Task> {
    const row = await t.add(title);
    const lease = { owner: "dead", token: 1, expiresAt: t.clock.now() + 30_000 };
    const task: Task = { ...row, status: "in_progress", attempts: 1, fence: 1, lease, ...fields };
    await t.store.commit({ task, attempt: { ...newAttempt(task), owner: "dead", interruptions }, events: [] });
    t.world.goneOwners = ["dead"];
    return row;
  }

  test("are taken first, unless they were interrupted too often", async () => {
    await queue.addTasks([{ title: "ready", priority: "critical" }]);
    await left("once more", maxInterruptions - 1);
    await left("too often", maxInterruptions);
    const leased = leasedOf(await pull());
    expect(leased).toMatchObject({ task: { title: "once more" }, attempt: { interruptions: maxInterruptions } });
    await queue.ackTask(leased, success);
    expect(titleOf(await pull())).toBe("ready");
    expect((await t.store.list({ statuses: ["paused"] })).map(({ title }) => title)).toEqual(["too often"]);
  });

  test("that somebody else takes at the same moment are passed over", async () => {
    const taken = await left("taken", 0);
    await queue.addTasks([{ title: "ready" }]);
    const commit = t.store.commit.bind(t.store);
    t.store.commit = async (write) => {
      const result = await commit(write);
      if (write.task.id === taken.id && write.task.status === "paused") {
        t.store.commit = commit;
        await t.store.commit({ task: { ...(await t.engine.get(taken.id)), status: "stopped" }, events: [] });
      }
      return result;
    };
    expect(titleOf(await pull())).toBe("ready");
  });
});

describe("what is reported", () => {
  test("is in the journal; that it cannot be written fails nobody", async () => {
    await queue.addTasks([{ title: "a" }]);
    const leased = leasedOf(await pull());
    await queue.report(leased, [{ type: "log", level: "info", message: "x" }]);
    expect((await t.store.events(leased.task.id, { limit: 100 })).at(-1)).toMatchObject({ type: "log", attempt: 1 });
    t.store.append = () => Promise.reject(new Error("locked"));
    await queue.report(leased, [{ type: "log", level: "info", message: "y" }]);
    await expect(queue.journal(leased, [{ type: "log", level: "info", message: "z" }])).rejects.toThrow("locked");
  });

  test("a lease that is lost meanwhile is only logged: the loop will notice", async () => {
    await queue.addTasks([{ title: "a" }]);
    const leased = leasedOf(await pull());
    const row = await t.engine.get(leased.task.id);
    await t.store.commit({ task: { ...row, fence: 9, lease: { owner: "thief", token: 9, expiresAt: t.clock.now() + 60_000 } }, events: [] });
    t.clock.advance(t.deps.leaseMs / 3);
    await waitFor(() => t.clock.pending === 0, { what: "the end of the renewal" });
    expect(await queue.journal(leased, [{ type: "log", level: "info", message: "late" }])).toBe(false);
  });
});

describe("the choice of the next task", () => {
  const gate = (more: object = {}) => ({ held: new Map<string, number>(), stop: undefined, states: new Map(), ...more });
  const choice = (gates: object[], reserve: boolean[], isWish = true): ReturnType<NextTask["choose"]> => {
    const guard = { gate: () => Promise.resolve(gates.shift() ?? gate()), reserve: () => Promise.resolve(reserve.shift() ?? true) } as never;
    return new NextTask({ store: t.store, clock: t.clock, guard }).choose({ criteria: {}, isWish, refused: new Set() });
  };

  test("gives way to a stop unless a person asks", async () => {
    const task = await t.add("a");
    const stop = { at: 1, failures: [], isCertain: true };
    expect(await choice([gate({ stop })], [], false)).toEqual({ kind: "stopped" });
    expect(await choice([gate({ stop })], [], true)).toMatchObject({ kind: "task", task: { id: task.id } });
  });

  test("is made anew when another process was quicker to try an agent", async () => {
    await t.add("a");
    expect(await choice([gate(), gate({ held: new Map([["", 7]]) })], [false])).toEqual({ kind: "waiting", until: 7 });
  });

  test("waits only for what would be there, and for the first that comes free", async () => {
    const held = new Map([
      ["", 9],
      ["x", 7],
    ]);
    expect(await choice([gate({ held })], [])).toEqual({ kind: "nothing" });
    await t.add("a");
    expect(await choice([gate({ held })], [])).toEqual({ kind: "waiting", until: 7 });
  });

  test("looks for strays when nothing else is ready, and when there were none not again for a while", async () => {
    let looks = 0;
    const strays = t.store.strays.bind(t.store);
    t.store.strays = (limit) => (looks++, strays(limit));
    const guard = { gate: () => Promise.resolve(gate()), reserve: () => Promise.resolve(true) } as never;
    const next = new NextTask({ store: t.store, clock: t.clock, guard });
    const choose = (): ReturnType<NextTask["choose"]> => next.choose({ criteria: {}, isWish: true, refused: new Set() });
    const row = await t.add("a");
    expect(await choose()).toMatchObject({ kind: "task" });
    expect(looks).toBe(0);
    await t.engine.cancel(row.id);
    for (const expected of [1, 1]) {
      expect(await choose()).toEqual({ kind: "nothing" });
      expect(looks).toBe(expected);
    }
    const stray = await t.add("stray");
    t.database.prepare("UPDATE tasks SET status = 'blocked' WHERE id = ?").run(stray.id);
    t.clock.advance(9_998); // the task was added a millisecond later
    expect(await choose()).toEqual({ kind: "nothing" });
    t.clock.advance(1);
    for (const expected of [2, 3]) {
      expect(await choose()).toMatchObject({ kind: "task", task: { id: stray.id } });
      expect(looks).toBe(expected);
    }
  });
});
