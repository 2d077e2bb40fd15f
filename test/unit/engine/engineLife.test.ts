/** The engine from its start to its end, and what it refuses on the way. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TaskEngine } from "../../../src/engine/taskEngine.ts";
import type { Task } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
beforeEach(() => {
  t = new TestEngine();
});
afterEach(() => t.close());

const withCode = (code: string): unknown => expect.objectContaining({ code });
const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

async function running(title = "write"): Promise<{ task: Task; finished: Promise<Task> }> {
  t.world.onTurn = () => undefined;
  const task = await t.add(title);
  const { finished } = await t.engine.run(task.id);
  await t.turn(t.world.turns.length);
  return { task, finished };
}

describe("start", () => {
  test("looks once for tasks without an owner, and then at every third of a lease", async () => {
    let looks = 0;
    const leased = t.store.leased.bind(t.store);
    t.store.leased = () => (looks++, leased());
    await Promise.all([t.engine.start(), t.engine.start()]);
    await t.engine.start();
    expect([looks, t.clock.pending]).toEqual([1, 1]);
    t.clock.advance(t.deps.leaseMs / 3);
    await waitFor(() => looks === 2, { what: "the second look" });
  });

  test("that only listens takes up nothing and looks for nothing", async () => {
    const row = await t.add("write");
    t.world.goneOwners = ["dead"];
    const lease = { owner: "dead", token: 1, expiresAt: t.clock.now() + 1_000 };
    await t.store.commit({ task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease }, events: [] });
    t.engine.listen();
    await settle();
    expect(t.clock.pending).toBe(0);
    expect(await t.engine.get(row.id)).toMatchObject({ status: "in_progress" });
  });
});

describe("the end", () => {
  test("keeps the place of what runs, gives the workers what is left of the time, and is over once", async () => {
    const graces: number[] = [];
    const engine = new TaskEngine({ ...t.deps, workers: { ...t.deps.workers, stop: (graceMs) => Promise.resolve(void graces.push(graceMs)) } });
    await engine.start();
    t.world.settings = { ...t.world.settings, gracefulShutdownMsTimeout: 4_000 };
    t.world.onTurn = () => undefined;
    const task = await t.add("write");
    const { finished } = await engine.run(task.id);
    await t.turn();
    await Promise.all([engine.stopEngine(), engine.stopEngine()]);
    expect(await finished).toMatchObject({ status: "paused" });
    expect([graces, t.clock.pending, engine.running]).toEqual([[4_000], 0, []]);
  });

  test("does not wait longer than it may for a run that does not end; then the workers have no time left", async () => {
    const graces: number[] = [];
    const engine = new TaskEngine({ ...t.deps, workers: { ...t.deps.workers, stop: (graceMs) => Promise.resolve(void graces.push(graceMs)) } });
    const cleaning = Promise.withResolvers<object>();
    t.world.git = { isClean: () => cleaning.promise as Promise<never> };
    t.world.settings = { ...t.world.settings, gracefulShutdownMsTimeout: 4_000 };
    const task = await t.add("write");
    const { finished } = await engine.run(task.id);
    await waitFor(() => t.world.gitCalls.includes("isClean"), { what: "the run" });
    let isOver = false;
    const stopped = engine.stopEngine().then(() => (isOver = true));
    t.clock.advance(3_999);
    await settle();
    expect(isOver).toBe(false);
    t.clock.advance(1);
    await stopped;
    expect(graces).toEqual([0]);
    cleaning.resolve(false as never);
    await finished;
  });

  test("starts nothing more, and nobody hears anything any more", async () => {
    await t.engine.start();
    const task = await t.add("write");
    await t.engine.stopEngine();
    expect(t.clock.pending).toBe(0);
    const before = t.changes.length;
    for (const start of [() => t.engine.run(task.id), () => t.engine.runNext()]) await expect(start()).rejects.toEqual(withCode("CANCELLED"));
    expect(await t.engine.runAll()).toEqual([]);
    expect(t.engine.hasFreeSlot).toBe(false);
    await t.engine.cancel(task.id);
    expect(t.changes).toHaveLength(before);
  });
});

describe("slots", () => {
  test("are held by what runs and is not paused", async () => {
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    const first = await running("a");
    const second = await t.add("b");
    expect(t.engine.hasFreeSlot).toBe(false);
    await expect(t.engine.run(second.id)).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("All 1 slots") as string });
    await expect(t.engine.runNext()).rejects.toEqual(withCode("CONFLICT"));
    await t.engine.pause(first.task.id);
    expect(t.engine.hasFreeSlot).toBe(true);
    const other = await t.engine.run(second.id);
    expect(t.engine.running).toEqual([first.task.id, second.id]);
    (await t.turn(1)).finish();
    expect(await other.finished).toMatchObject({ status: "done" });
    await t.engine.stop(first.task.id);
    expect(t.engine.running).toEqual([]);
  });
});

describe("without trust", () => {
  test("nothing that would start git or Goose is done, and the row stays as it is", async () => {
    const row = await t.add("write");
    const paused: Task = { ...row, status: "paused", attempts: 1, fence: 1 };
    await t.store.commit({ task: paused, events: [] });
    t.world.isTrusted = false;
    const before = await t.engine.get(row.id);
    const acts = [
      () => t.engine.resume(row.id),
      () => t.engine.stop(row.id),
      () => t.engine.cancel(row.id),
      () => t.engine.remove(row.id),
      () => t.engine.run(row.id),
      () => t.engine.runAll(),
    ];
    for (const act of acts) await expect(act()).rejects.toEqual(withCode("UNTRUSTED"));
    expect(await t.engine.get(row.id)).toEqual(before);
  });

  test("the owner of a task may still be asked", async () => {
    const row = await t.add("write");
    const lease = { owner: "other", token: 1, expiresAt: t.clock.now() + 1_000 };
    await t.store.commit({ task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease }, events: [] });
    t.world.isTrusted = false;
    await t.engine.stop(row.id);
    expect(await t.engine.get(row.id)).toMatchObject({ request: "stop" });
    expect((await t.engine.events(row.id, { limit: 100 })).at(-1)).toMatchObject({ type: "requested", request: "stop" });
  });
});

describe("a wish that does not fit", () => {
  const wishes = ["pause", "resume", "stop", "cancel", "startAgain", "retry", "remove"] as const;

  test.each(wishes)("to %s a task that is not there is refused", async (wish) => {
    await expect(t.engine[wish]("nothere0" as Task["id"])).rejects.toEqual(withCode("TASK_NOT_FOUND"));
  });

  test.each([
    ["todo", ["cancel", "remove"]],
    ["blocked", ["cancel", "remove"]],
    ["paused", ["resume", "stop", "cancel"]],
    ["done", ["remove"]],
    ["failed", ["cancel", "retry", "remove"]],
    ["stopped", ["cancel", "startAgain", "retry", "remove"]],
    ["cancelled", ["retry", "remove"]],
  ] as const)("a task that is %s can %j, and nothing else", async (status, allowed) => {
    for (const wish of wishes) {
      const base = status === "blocked" ? [(await t.add("base")).id] : [];
      const row = await t.add(wish, { dependsOn: base });
      if (row.status !== status) await t.store.commit({ task: { ...row, status, attempts: 1, fence: 1 }, events: [] });
      t.world.onTurn = () => undefined;
      const result = await t.engine[wish](row.id).then(
        () => "done",
        ({ code }: { code: string }) => code,
      );
      expect(result, `${wish} ${status}`).toBe((allowed as readonly string[]).includes(wish) ? "done" : "ILLEGAL_TRANSITION");
    }
  });

  test.each([
    ["pause", "paused"],
    ["resume", "in_progress"],
  ] as const)("to %s a task of another process that is %s is refused, and its owner is not asked", async (wish, status) => {
    const row = await t.add("write");
    const lease = { owner: "other", token: 1, expiresAt: t.clock.now() + 1_000 };
    await t.store.commit({ task: { ...row, status, attempts: 1, fence: 1, lease }, events: [] });
    await expect(t.engine[wish](row.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    expect(await t.engine.get(row.id)).not.toHaveProperty("request");
  });

  test("to stop a task that had just finished says so", async () => {
    const cleaning = Promise.withResolvers<object>();
    t.world.git = { cleanup: () => cleaning.promise };
    const { task, finished } = await running();
    t.world.turns[0]?.finish();
    await waitFor(() => t.world.gitCalls.includes("cleanup"), { what: "the clean-up" });
    const commit = t.store.commit.bind(t.store);
    const recorded = Promise.withResolvers<void>();
    t.store.commit = async (write) => {
      const result = await commit(write);
      if (write.task.status === "done") await recorded.promise;
      return result;
    };
    cleaning.resolve({});
    await waitFor(async () => (await t.store.get(task.id))?.status === "done", { what: "the end" });
    const stopped = expect(t.engine.stop(task.id)).rejects.toMatchObject({
      code: "ILLEGAL_TRANSITION",
      message: expect.stringContaining("just finished") as string,
    });
    recorded.resolve();
    await stopped;
    expect(await finished).toMatchObject({ status: "done" });
  });
});

test("a task that is put back says why, and keeps what it had", async () => {
  const row = await t.add("write");
  const metrics = { startedAt: 1, endedAt: 2, durationMs: 1 };
  await t.store.commit({
    task: { ...row, status: "failed", attempts: 3, result: { output: "", error: { code: "INTERNAL", message: "x" }, artifacts: [], metrics } },
    events: [],
  });
  await t.engine.retry(row.id);
  expect(await t.engine.get(row.id)).toMatchObject({ status: "todo", attempts: 3 });
  expect((await t.engine.events(row.id, { limit: 10 })).at(-1)).toMatchObject({ type: "requeued", reason: "Put back into the queue by the user." });
  await t.store.commit({ task: { ...(await t.engine.get(row.id)), status: "stopped" }, events: [] });
  await t.engine.startAgain(row.id);
  expect((await t.engine.events(row.id, { limit: 10 })).at(-1)).toMatchObject({ type: "requeued", reason: "Started again by the user." });
});

test("what happens elsewhere is heard; that it cannot be read is logged and disturbs nobody", async () => {
  let tell: (events: readonly never[]) => void = () => undefined;
  const onDidChangeElsewhere = (listener: (events: readonly never[]) => void) => ((tell = listener), { dispose: () => (tell = () => undefined) });
  Object.assign(t.store, { onDidChangeElsewhere });
  await t.engine.start();
  const task = await t.add("write");
  const [event] = await t.store.events(task.id, { limit: 1 });
  t.changes.length = 0;
  tell([event] as never);
  await settle();
  expect(t.changes).toMatchObject([{ name: "task:created", task: { id: task.id } }]);
  const get = t.store.get.bind(t.store);
  t.store.get = () => Promise.reject(new Error("locked"));
  tell([event] as never);
  await waitFor(() => t.world.logged.some((line) => line.includes("could not be read")), { what: "the warning" });
  t.store.get = get;
  expect(t.changes).toHaveLength(1);
});
