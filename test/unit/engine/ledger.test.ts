/** The engine's only writer: in which order it writes, what it does when others write between, and who hears of it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import type { TaskChange } from "../../../src/engine/facade.ts";
import { findTask } from "../../../src/engine/findTask.ts";
import { Ledger } from "../../../src/engine/ledger.ts";
import type { TaskWriteResult } from "../../../src/engine/ports.ts";
import { resumeQueue } from "../../../src/engine/resumeQueue.ts";
import { storeRetryMs, untilStored } from "../../../src/engine/storeRetry.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task } from "../../../src/model/task.ts";
import { newAttempt, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
let ledger: Ledger;
let changes: TaskChange[];
let removed: (readonly TaskId[])[];
beforeEach(() => {
  t = new TestEngine();
  changes = [];
  removed = [];
  const emitters = { changes: new Emitter<readonly TaskChange[]>(), removals: new Emitter<readonly TaskId[]>() };
  emitters.changes.event((more) => changes.push(...more));
  emitters.removals.event((ids) => removed.push(ids));
  ledger = new Ledger(t.store, t.clock, emitters);
});
afterEach(() => t.close());

const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
const log = (message: string) => ({ type: "log", level: "info", message }) as const;
const heard = (): unknown[] => changes.map(({ name, event, task }) => [name, event.taskId, task.version]);

/** Refuses so many writes as if somebody else had been quicker. */
function refuse(method: "commit" | "remove", count: number, reason = "conflict"): { writes: number } {
  const seen = { writes: 0 };
  const real = t.store[method].bind(t.store) as (...args: unknown[]) => Promise<TaskWriteResult>;
  (t.store as unknown as Record<string, unknown>)[method] = (...args: unknown[]) =>
    seen.writes++ < count ? Promise.resolve({ ok: false, reason }) : real(...args);
  return seen;
}

describe("new tasks", () => {
  const ageOf = async (name: string): Promise<number> => (await ledger.insert(newTask(name, { createdAt: t.clock.now() }))).createdAt;

  test("that come within a millisecond are younger than those before them: the id, which is random, decides nothing", async () => {
    const begun = t.clock.now();
    const ages = [await ageOf("a"), await ageOf("b"), await ageOf("c")];
    expect(ages).toEqual([begun, begun + 1, begun + 2]);
    t.clock.advance(2);
    expect(await ageOf("d")).toBe(begun + 3);
    t.clock.advance(2);
    expect(await ageOf("e")).toBe(begun + 4);
  });

  test("follow a clock that was set back", async () => {
    const begun = await ageOf("a");
    t.clock.advance(-60_000);
    expect(await ageOf("b")).toBe(begun - 60_000);
  });
});

describe("a change", () => {
  test("is told as it is stored: the event's name, and the task behind it", async () => {
    const task = await ledger.insert(newTask("a"));
    expect(heard()).toEqual([["task:created", task.id, 1]]);
    t.clock.advance(3);
    const stored = await ledger.change(task.id, (row) => ({ task: { ...row, attempts: 4 }, events: [log("x")] }));
    expect(heard().slice(1)).toEqual([["task:log", task.id, stored.version]]);
    expect((await t.store.events(task.id, { limit: 10 })).at(-1)).toMatchObject({ ...log("x"), attempt: 4, at: t.clock.now(), seq: 2 });
  });

  test("gets the newest attempt, and may be none", async () => {
    const task = await ledger.insert(newTask("a"));
    for (const number of [1, 2]) await t.store.commit({ task: await ledger.read(task.id), attempt: newAttempt(task, { number }), events: [] });
    let seen: unknown;
    expect(await ledger.change(task.id, (_row, attempt) => void (seen = attempt?.number))).toEqual(await ledger.read(task.id));
    expect(seen).toBe(2);
    expect(changes).toHaveLength(1);
  });

  test("of a task that is not there, under a lease that is not ours, or that is refused, is not written", async () => {
    await expect(ledger.change(taskId("none"), () => undefined)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    const task = await ledger.insert(newTask("a"));
    const write = (row: Task) => ({ task: row, events: [log("x")] });
    await expect(ledger.change(task.id, write, 1)).rejects.toMatchObject({ code: "STALE_LEASE" });
    await expect(ledger.change(task.id, () => Promise.reject(new TaskMasterError("ILLEGAL_TRANSITION", "no")))).rejects.toMatchObject({
      code: "ILLEGAL_TRANSITION",
    });
    expect(await t.store.events(task.id, { limit: 10 })).toHaveLength(1);
  });

  test("under our lease is written; when the store finds another there, it is not", async () => {
    const task = await ledger.insert(newTask("a"));
    const lease = { owner: "test", token: 1, expiresAt: t.clock.now() + 1_000 };
    await t.store.commit({ task: { ...task, status: "in_progress", fence: 1, lease }, events: [] });
    await ledger.change(task.id, (row) => ({ task: row, events: [log("x")] }), 1);
    expect(await t.store.events(task.id, { limit: 10 })).toHaveLength(2);
    const seen = refuse("commit", 1, "stale_lease");
    await expect(ledger.change(task.id, (row) => ({ task: row, events: [] }), 1)).rejects.toMatchObject({ code: "STALE_LEASE" });
    expect(seen.writes).toBe(1);
  });

  test("that others overtake is computed anew from what is there then, but not for ever", async () => {
    const task = await ledger.insert(newTask("a"));
    refuse("commit", 19);
    let computed = 0;
    await ledger.change(task.id, (row) => (computed++, { task: row, events: [log("x")] }));
    expect([computed, changes.length]).toEqual([20, 2]);
    const seen = refuse("commit", 1_000);
    await expect(ledger.change(task.id, (row) => ({ task: row, events: [] }))).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
    expect(seen.writes).toBe(20);
  });

  test("waits for the one before it on the same task, also when that failed, and not for others", async () => {
    const [a, b] = [await ledger.insert(newTask("a")), await ledger.insert(newTask("b"))];
    const order: string[] = [];
    const first = Promise.withResolvers<undefined>();
    const changing = [
      ledger.change(a.id, () => (order.push("a1"), first.promise)),
      ledger.change(a.id, () => void order.push("a2")),
      ledger.append(a.id, { token: 1, attempt: 1 }, [log("x")]),
      ledger.change(b.id, () => void order.push("b")),
    ];
    await settle();
    expect(order).toEqual(["a1", "b"]);
    first.reject(new Error("broken"));
    const results = await Promise.allSettled(changing);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
    expect(order).toEqual(["a1", "b", "a2"]);
  });
});

describe("a removal", () => {
  test("is told to those who listen for it, and to those of whom others wait", async () => {
    const a = await ledger.insert(newTask("a"));
    const b = await ledger.insert(newTask("b", { status: "blocked", dependsOn: [a.id] }));
    changes.length = 0;
    await ledger.remove(a.id, () => undefined);
    expect(removed).toEqual([[a.id]]);
    expect(changes.every(({ task }) => task.id === b.id)).toBe(true);
    await expect(ledger.read(a.id)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });

  test("that is refused removes nothing; one that others overtake is tried again, but not for ever", async () => {
    const a = await ledger.insert(newTask("a"));
    const no = (): never => {
      throw new TaskMasterError("ILLEGAL_TRANSITION", "no");
    };
    await expect(ledger.remove(a.id, no)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    const never = refuse("remove", 1_000);
    await expect(ledger.remove(a.id, () => undefined)).rejects.toMatchObject({ code: "CONFLICT" });
    expect([never.writes, removed]).toEqual([20, []]);
  });

  test("succeeds behind a conflict, once", async () => {
    const a = await ledger.insert(newTask("a"));
    const seen = refuse("remove", 2);
    await ledger.remove(a.id, () => undefined);
    expect([seen.writes, removed]).toEqual([3, [[a.id]]]);
  });
});

describe("what is streamed", () => {
  test("is kept and told under the attempt while the lease is ours, and else dropped", async () => {
    const task = await ledger.insert(newTask("a"));
    const lease = { owner: "test", token: 1, expiresAt: t.clock.now() + 1_000 };
    await t.store.commit({ task: { ...task, status: "in_progress", attempts: 3, fence: 1, lease }, events: [] });
    changes.length = 0;
    expect(await ledger.append(task.id, { token: 1, attempt: 3 }, [log("x"), log("y")])).toBe(true);
    expect(changes.map(({ event }) => [event.type, event.attempt, event.at])).toEqual(Array.from({ length: 2 }, () => ["log", 3, t.clock.now()]));
    expect(await ledger.append(task.id, { token: 2, attempt: 3 }, [log("z")])).toBe(false);
    expect(changes).toHaveLength(2);
  });
});

test("what another process wrote is told with the tasks as they are now; of those that are gone only that", async () => {
  const a = await ledger.insert(newTask("a"));
  const [created] = await t.store.events(a.id, { limit: 1 });
  changes.length = 0;
  const gone = { ...created, taskId: taskId("gone") } as NonNullable<typeof created>;
  await ledger.publishFromElsewhere([created as NonNullable<typeof created>, gone, { ...gone, type: "removed" }]);
  expect(heard()).toEqual([["task:created", a.id, 1]]);
  expect(removed).toEqual([[taskId("gone")]]);
});

describe("a task is found", () => {
  test("by its id, or a beginning that only it has, however it is typed", async () => {
    const ids = ["aaaa1111", "aaaa2222", "bbbb1111"].map((id) => id as TaskId);
    for (const id of ids) await t.store.insert({ ...newTask("x"), id }, []);
    const found = async (text: string): Promise<string> => (await findTask(t.store, text)).id;
    expect(await Promise.all(["aaaa1111", "b", "BBBB", "aaaa2"].map(found))).toEqual(["aaaa1111", "bbbb1111", "bbbb1111", "aaaa2222"]);
    await expect(found("aaaa")).rejects.toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining("2 tasks: aaaa1111, aaaa2222.") as string });
    for (const none of ["", "c", "1111", "aaaa1112"]) await expect(found(none), none).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });

  test("among many that fit, five are named", async () => {
    for (let index = 0; index < 7; index++) await t.store.insert({ ...newTask("x"), id: `aaaa000${index}` as TaskId }, []);
    await expect(findTask(t.store, "a")).rejects.toMatchObject({ message: expect.stringMatching(/fits 7 tasks: (\w{8}, ){4}\w{8}\./) as string });
  });
});

test("a queue that is resumed puts only those back that met a limit, as long as they still do", async () => {
  const limited = (id: string, code: "GOOSE_RATE_LIMIT" | "GOOSE_NETWORK") =>
    newTask(id, {
      notBefore: t.clock.now() + 1_000,
      result: { output: "", error: { code, message: "" }, artifacts: [], metrics: { startedAt: 1, endedAt: 2, durationMs: 1 } },
    });
  for (const task of [limited("a", "GOOSE_RATE_LIMIT"), limited("b", "GOOSE_NETWORK"), limited("c", "GOOSE_RATE_LIMIT")]) await ledger.insert(task);
  let resumed = 0;
  const guard = {
    resume: async () => {
      resumed++;
      const row = await ledger.read(taskId("c"));
      await t.store.commit({ task: { ...row, status: "cancelled" }, events: [] });
    },
  };
  changes.length = 0;
  await resumeQueue(t.deps, ledger, guard as never);
  expect(resumed).toBe(1);
  expect(heard().map((each) => (each as unknown[])[1])).toEqual([taskId("a")]);
  expect([(await ledger.read(taskId("a"))).notBefore, (await ledger.read(taskId("b"))).notBefore]).toEqual([undefined, t.clock.now() + 1_000]);
});

describe("a write that must not be lost", () => {
  const full = new TaskMasterError("DISK_FULL", "no space", { retryable: true });
  const locked = new TaskMasterError("STORE_FAILED", "locked", { retryable: true });

  test("is tried again after a while until it is stored, and waits for nothing then", async () => {
    const answers = [full, locked];
    let isStored = false;
    let warnings = 0;
    const deps = { timers: t.clock, log: { ...t.deps.log, warn: () => void warnings++ } };
    const write = (): Promise<string> => (answers.length === 0 ? Promise.resolve("stored") : Promise.reject(answers.shift()));
    const storing = untilStored(deps, write, { signal: new AbortController().signal }).then((value) => (isStored = value === "stored"));
    for (const left of [1, 0]) {
      await settle();
      expect([isStored, t.clock.pending, answers.length]).toEqual([false, 1, left]);
      t.clock.advance(storeRetryMs - 1);
      await settle();
      expect(t.clock.pending).toBe(1);
      t.clock.advance(1);
    }
    await storing;
    expect([isStored, t.clock.pending, warnings]).toEqual([true, 0, 1]);
  });

  test.each([
    ["another error", new TaskMasterError("STORE_CORRUPT", "damaged", { retryable: true })],
    ["one that does not pass", new TaskMasterError("STORE_FAILED", "gone")],
  ])("fails at once for %s", async (_what, error) => {
    await expect(untilStored(t.deps, () => Promise.reject(error), { signal: new AbortController().signal })).rejects.toBe(error);
    expect(t.clock.pending).toBe(0);
  });

  test("is given up when the signal aborts, with one last try", async () => {
    const controller = new AbortController();
    let tries = 0;
    const storing = untilStored(t.deps, () => (tries++, Promise.reject(full)), { signal: controller.signal });
    await settle();
    controller.abort();
    await expect(storing).rejects.toBe(full);
    expect([tries, t.clock.pending]).toEqual([2, 0]);
    await expect(untilStored(t.deps, () => (tries++, Promise.reject(full)), { signal: controller.signal })).rejects.toBe(full);
    expect(tries).toBe(3);
  });
});
