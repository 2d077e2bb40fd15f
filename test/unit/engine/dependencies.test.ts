import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DependencyChange } from "../../../src/engine/facade.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task, TaskStatus } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
beforeEach(async () => {
  t = new TestEngine();
  await t.engine.start();
});
afterEach(() => t.close());

const withCode = (code: string): unknown => expect.objectContaining({ code });
const nobody = "zzzzzzzz" as TaskId;

/** A task whose row says what a test wants, whatever the rules are. */
async function addIn(status: TaskStatus, title: string = status): Promise<Task> {
  const task = await t.add(title, status === "blocked" ? { dependsOn: [nobody] } : {});
  const result = await t.store.commit({ task: { ...task, status }, events: [] });
  if (!result.ok) throw new Error(result.reason);
  return result.task;
}

const statusOf = async (task: Task): Promise<TaskStatus> => (await t.engine.get(task.id)).status;
const runToEnd = async (engine: TestEngine, task: Task): Promise<Task> => (await engine.engine.run(task.id)).finished;
const reasonsOf = async (task: Task): Promise<unknown[]> => (await t.engine.blockers(task.id)).map(({ id, reason, wayOut }) => [id, reason, wayOut]);

describe("changing dependencies", () => {
  test("an open one blocks, dropping the last open one makes ready, each told once", async () => {
    const [first, task] = [await t.add("first"), await t.add("second")];
    expect(await t.engine.changeDependencies(task.id, { add: [first.id] })).toMatchObject({ status: "blocked", dependsOn: [first.id] });
    expect(await t.engine.changeDependencies(task.id, { drop: [first.id] })).toMatchObject({ status: "todo", dependsOn: [] });
    expect(t.published(task)).toEqual(["created", "dependencies", "blocked", "dependencies", "unblocked"]);
  });

  test("a done one changes nothing else, and what is there already is no change", async () => {
    const [first, task] = [await runToEnd(t, await t.add("first")), await t.add("second")];
    expect(await t.engine.changeDependencies(task.id, { add: [first.id, first.id] })).toMatchObject({ status: "todo", dependsOn: [first.id], version: 2 });
    expect(await t.engine.changeDependencies(task.id, { add: [first.id], drop: [nobody] })).toMatchObject({ version: 2 });
    expect(t.published(task)).toEqual(["created", "dependencies"]);
  });

  test.each(["todo", "blocked", "stopped", "failed", "cancelled"] as const)("is possible while a task is %s", async (status) => {
    const [first, task] = [await t.add("first"), await addIn(status)];
    const changed = await t.engine.changeDependencies(task.id, { add: [first.id] });
    expect(changed.dependsOn).toContain(first.id);
    expect(changed.status).toBe(status === "todo" ? "blocked" : status);
  });

  test.each(["in_progress", "paused", "done"] as const)("is refused while a task is %s", async (status) => {
    const [first, task] = [await t.add("first"), await addIn(status)];
    await expect(t.engine.changeDependencies(task.id, { add: [first.id] })).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    expect(await t.engine.get(task.id)).toMatchObject({ dependsOn: [] });
  });

  test("a circle is refused, naming the way round", async () => {
    const a = await t.add("a");
    const b = await t.add("b", { dependsOn: [a.id] });
    const c = await t.add("c", { dependsOn: [b.id] });
    await expect(t.engine.changeDependencies(a.id, { add: [c.id] })).rejects.toMatchObject({
      code: "DEPENDENCY_CYCLE",
      message: expect.stringContaining(`${a.id} "a" -> ${c.id} "c" -> ${b.id} "b" -> ${a.id} "a"`) as string,
    });
    await expect(t.engine.changeDependencies(a.id, { add: [a.id] })).rejects.toEqual(withCode("DEPENDENCY_CYCLE"));
    expect(await statusOf(a)).toBe("todo");
  });

  test("of an unknown task is refused; more than 100 are too", async () => {
    await expect(t.engine.changeDependencies(nobody, { add: [] })).rejects.toEqual(withCode("TASK_NOT_FOUND"));
    const add = Array.from({ length: 101 }, (_, index) => `z${String(index).padStart(7, "0")}` as TaskId);
    const task = await t.add("a");
    await expect(t.engine.changeDependencies(task.id, { add })).rejects.toEqual(withCode("INVALID_INPUT"));
    await expect(t.engine.changeDependencies(task.id, { add: ["first" as TaskId] })).rejects.toEqual(withCode("INVALID_INPUT"));
  });

  test("a retry after the change respects it", async () => {
    const [first, task] = [await t.add("first"), await addIn("failed")];
    await t.engine.changeDependencies(task.id, { add: [first.id] });
    await t.engine.retry(task.id);
    expect(await statusOf(task)).toBe("blocked");
  });
});

describe("two processes on one queue", () => {
  test.each([0, 1])("that add opposite dependencies at once make no circle (%i first)", async (first) => {
    using folder = createTempDir("engine-");
    const engines = ["one", "two"].map((owner) => new TestEngine({ database: `${folder.dir}/queue.db`, owner }));
    const [one, two] = engines as [TestEngine, TestEngine];
    const [a, b] = [await one.add("a"), await one.add("b")];
    const asks: [TestEngine, TaskId, DependencyChange][] = [
      [one, a.id, { add: [b.id] }],
      [two, b.id, { add: [a.id] }],
    ];
    if (first === 1) asks.reverse();
    const results = await Promise.allSettled(asks.map(([{ engine }, id, change]) => engine.changeDependencies(id, change)));
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(results.find((result) => result.status === "rejected")?.reason).toEqual(withCode("DEPENDENCY_CYCLE"));
    expect((await one.engine.list()).map((task) => task.status).toSorted()).toEqual(["blocked", "todo"]);
    for (const engine of engines) await engine.close();
  });

  test("that add different dependencies to one task at once add both", async () => {
    using folder = createTempDir("engine-");
    const engines = ["one", "two"].map((owner) => new TestEngine({ database: `${folder.dir}/queue.db`, owner }));
    const [one, two] = engines as [TestEngine, TestEngine];
    const [a, b, task] = [await one.add("a"), await one.add("b"), await one.add("task")];
    await Promise.all([one.engine.changeDependencies(task.id, { add: [a.id] }), two.engine.changeDependencies(task.id, { add: [b.id] })]);
    expect((await one.engine.get(task.id)).dependsOn.toSorted()).toEqual([a.id, b.id].toSorted());
    for (const engine of engines) await engine.close();
  });

  test.each([
    ["removes a dependency", (other: TestEngine, _task: Task, first: Task) => other.engine.remove(first.id)],
    ["adds one", (other: TestEngine, task: Task) => other.add("more").then(({ id }) => other.engine.changeDependencies(task.id, { add: [id] }))],
  ] as const)("of which one %s while the other takes the task: it is not started", async (_what, interfere) => {
    using folder = createTempDir("engine-");
    const engines = ["one", "two"].map((owner) => new TestEngine({ database: `${folder.dir}/queue.db`, owner }));
    const [one, two] = engines as [TestEngine, TestEngine];
    const first = await runToEnd(one, await one.add("first"));
    const task = await one.add("second", { dependsOn: [first.id] });
    const waitingFor = one.store.waitingFor.bind(one.store);
    one.store.waitingFor = async (id) => {
      one.store.waitingFor = waitingFor;
      const before = await waitingFor(id);
      await interfere(two, task, first);
      return before;
    };
    await expect(one.engine.run(task.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    expect(await one.engine.get(task.id)).toMatchObject({ status: "blocked", attempts: 0 });
    for (const engine of engines) await engine.close();
  });

  test("that finish the last two dependencies at the same time release the dependant exactly once", async () => {
    using folder = createTempDir("engine-");
    const engines = ["one", "two"].map((owner) => new TestEngine({ database: `${folder.dir}/queue.db`, owner }));
    const [one, two] = engines as [TestEngine, TestEngine];
    const [left, right] = [await one.add("left"), await one.add("right")];
    const bottom = await one.add("bottom", { dependsOn: [left.id, right.id] });
    const ended = await Promise.all([runToEnd(one, left), runToEnd(two, right)]);
    expect(ended).toMatchObject([{ status: "done" }, { status: "done" }]);
    expect(await one.engine.get(bottom.id)).toMatchObject({ status: "todo" });
    const journal = await one.engine.events(bottom.id, { limit: 99 });
    expect(journal.filter(({ type }) => type === "unblocked")).toHaveLength(1);
    const completed = (await Promise.all(ended.map(({ id }) => one.engine.events(id, { limit: 99 })))).flat().filter((event) => event.type === "completed");
    expect(completed.flatMap(({ unblocked }) => unblocked)).toEqual([bottom.id]);
    for (const engine of engines) await engine.close();
  });

  test("hear of a removal and of what it blocks within a second", async () => {
    using folder = createTempDir("engine-");
    const engines = ["one", "two"].map((owner) => new TestEngine({ database: `${folder.dir}/queue.db`, owner }));
    const [one, two] = engines as [TestEngine, TestEngine];
    for (const { engine } of engines) await engine.start();
    const first = await one.add("first");
    const second = await one.add("second", { dependsOn: [first.id] });
    const removed: TaskId[] = [];
    two.engine.onDidRemove((ids) => removed.push(...ids));
    await one.engine.remove(first.id);
    await waitFor(() => removed.includes(first.id) && two.published(second).includes("blocked"), { what: "the removal heard by the other" });
    expect(two.changes.find(({ event }) => event.type === "removed")).toBeUndefined();
    await expect(two.engine.get(first.id)).rejects.toEqual(withCode("TASK_NOT_FOUND"));
    for (const engine of engines) await engine.close();
  });
});

describe("dangling dependencies", () => {
  test("are taken: the task is blocked and says that one is missing", async () => {
    const task = await t.add("a", { dependsOn: [nobody] });
    expect(task).toMatchObject({ status: "blocked", dependsOn: [nobody] });
    expect(await reasonsOf(task)).toEqual([[nobody, "missing", "drop"]]);
    await expect(t.engine.run(task.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION", message: expect.stringContaining("a removed task (") as string });
    expect(await t.engine.runAll()).toEqual([]);
    expect(await t.engine.changeDependencies(task.id, { drop: [nobody] })).toMatchObject({ status: "todo" });
    expect(await runToEnd(t, task)).toMatchObject({ status: "done" });
  });

  test("a dependency whose row is damaged counts as missing and hides no other", async () => {
    const [first, other] = [await t.add("first"), await t.add("other")];
    const task = await t.add("second", { dependsOn: [first.id, other.id] });
    t.database.prepare("UPDATE tasks SET body = '{' WHERE id = ?").run(first.id);
    expect(await reasonsOf(task)).toEqual([
      [first.id, "missing", "drop"],
      [other.id, "waiting", undefined],
    ]);
  });
});

describe("removing a task", () => {
  test.each(["todo", "blocked", "done", "failed", "cancelled", "stopped"] as const)("that is %s leaves nothing but its last entry", async (status) => {
    const removed: TaskId[] = [];
    t.engine.onDidRemove((ids) => removed.push(...ids));
    const task = await addIn(status);
    await t.engine.remove(task.id);
    await expect(t.engine.get(task.id)).rejects.toEqual(withCode("TASK_NOT_FOUND"));
    expect(await t.engine.events(task.id, { limit: 9 })).toMatchObject([{ type: "removed" }]);
    expect(await t.engine.attempts(task.id)).toEqual([]);
    expect(removed).toEqual([task.id]);
    await expect(t.engine.remove(task.id)).rejects.toEqual(withCode("TASK_NOT_FOUND"));
  });

  test.each(["in_progress", "paused"] as const)("that is %s is refused", async (status) => {
    const task = await addIn(status);
    await expect(t.engine.remove(task.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    expect(await statusOf(task)).toBe(status);
  });

  test("does not touch git, and needs trust", async () => {
    const task = await runToEnd(t, await t.add("a"));
    const before = [...t.world.gitCalls];
    t.world.isTrusted = false;
    await expect(t.engine.remove(task.id)).rejects.toEqual(withCode("UNTRUSTED"));
    t.world.isTrusted = true;
    await t.engine.remove(task.id);
    expect(t.world.gitCalls).toEqual(before);
  });

  test("releases nobody: who waited for it alone is blocked, also when it was ready, and can be freed", async () => {
    const first = await runToEnd(t, await t.add("first"));
    const ready = await t.add("ready", { dependsOn: [first.id] });
    const open = await t.add("open");
    const waiting = await t.add("waiting", { dependsOn: [open.id] });
    expect([ready.status, waiting.status]).toEqual(["todo", "blocked"]);
    await t.engine.remove(first.id);
    await t.engine.remove(open.id);
    expect([await statusOf(ready), await statusOf(waiting)]).toEqual(["blocked", "blocked"]);
    expect(t.published(ready)).toContain("blocked");
    expect(await reasonsOf(ready)).toEqual([[first.id, "missing", "drop"]]);
    expect(await t.engine.runAll()).toEqual([]);
    await t.engine.changeDependencies(ready.id, { drop: [first.id] });
    expect(await t.engine.runAll()).toEqual([ready.id]);
  });
});

describe("completion", () => {
  test("in a diamond releases with the last, and names whom", async () => {
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    const top = await t.add("top");
    const [left, right] = [await t.add("left", { dependsOn: [top.id] }), await t.add("right", { dependsOn: [top.id] })];
    const bottom = await t.add("bottom", { dependsOn: [left.id, right.id] });
    expect((await t.engine.whatWouldUnblock(top.id)).map(({ id }) => id)).toEqual([left.id, right.id]);
    expect(await t.engine.whatWouldUnblock(left.id)).toEqual([]);
    expect(await t.engine.runAll()).toEqual([top.id, left.id, right.id, bottom.id]);
    const freed = t.changes.flatMap(({ event }) => (event.type === "completed" ? [event.unblocked] : []));
    expect(freed).toEqual([[left.id, right.id], [], [bottom.id], []]);
    expect(await t.engine.whatWouldUnblock(bottom.id)).toEqual([]);
  });

  test.each([
    ["fails", "failed", "retry", async (id: TaskId): Promise<void> => void (await (await t.engine.run(id)).finished)],
    ["is cancelled", "cancelled", "retry", (id: TaskId) => t.engine.cancel(id)],
    ["is stopped", "stopped", "start", (id: TaskId) => stopRun(id)],
    ["is removed", "missing", "drop", (id: TaskId) => t.engine.remove(id)],
  ] as const)("a dependency that %s leaves its dependant blocked, and says why", async (_what, reason, wayOut, end) => {
    t.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_PROVIDER", "500"));
    const [first, other] = [await t.add("first"), await t.add("other")];
    const task = await t.add("second", { dependsOn: [first.id, other.id] });
    await end(first.id);
    t.world.onTurn = (turn) => turn.finish();
    await runToEnd(t, other);
    expect(await statusOf(task)).toBe("blocked");
    expect(await reasonsOf(task)).toEqual([[first.id, reason, wayOut]]);
    await expect(t.engine.run(task.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION", message: expect.stringContaining(first.id) as string });
  });

  async function stopRun(id: TaskId): Promise<void> {
    t.world.onTurn = () => undefined;
    await t.engine.run(id);
    await t.turn();
    await t.engine.stop(id);
  }
});

describe("no path starts a task whose dependencies are not all done", () => {
  /** Writes a status that the rules would never give, as an edit of the file does. */
  function edit(task: Task, status: TaskStatus): void {
    t.database.prepare("UPDATE tasks SET status = ? WHERE id = ?").run(status, task.id);
  }

  test.each([
    ["run", async (task: Task) => t.engine.run(task.id)],
    ["runNext", async (_task: Task) => t.engine.runNext()],
    ["runAll", async (_task: Task) => t.engine.runAll()],
  ] as const)("%s, also when its row wrongly says that it is ready: that is put right", async (path, start) => {
    const first = await addIn("failed", "first");
    const task = await t.add("second", { dependsOn: [first.id] });
    edit(task, "todo");
    if (path === "run")
      await expect(start(task)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION", message: expect.stringContaining("failed: retry it") as string });
    else expect(await start(task)).toEqual(path === "runAll" ? [] : undefined);
    expect(await statusOf(task)).toBe("blocked");
    expect(t.published(task).at(-1)).toBe("blocked");
    expect(t.world.turns).toEqual([]);
  });

  test.each([
    ["run", async (task: Task) => runToEnd(t, task)],
    ["runNext", async (_task: Task) => (await t.engine.runNext())?.finished],
    ["runAll", async (_task: Task) => t.engine.runAll()],
  ] as const)("%s takes a blocked one whose dependencies turn out to be done", async (_path, start) => {
    const first = await runToEnd(t, await t.add("first"));
    const task = await t.add("second", { dependsOn: [first.id] });
    edit(task, "blocked");
    await start(task);
    await waitFor(async () => (await statusOf(task)) === "done", { what: "the end" });
    expect(t.published(task)).toEqual(expect.arrayContaining(["unblocked", "started", "completed"]));
  });

  test("runAll takes all of them, not only the first, and a queue without any is not searched again and again", async () => {
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    const first = await runToEnd(t, await t.add("first"));
    const strays = [await t.add("a", { dependsOn: [first.id] }), await t.add("b", { dependsOn: [first.id] })];
    for (const stray of strays) edit(stray, "blocked");
    expect(await t.engine.runAll()).toEqual(strays.map(({ id }) => id));
    const late = await t.add("late", { dependsOn: [first.id] });
    edit(late, "blocked");
    expect(await t.engine.runNext()).toBeUndefined();
    t.clock.advance(10_000);
    expect((await t.engine.runNext())?.task.id).toBe(late.id);
  });

  test("a task that cannot be taken after all is not chosen for ever", async () => {
    const task = await t.add("a", { dependsOn: [nobody] });
    const other = await t.add("b");
    t.store.candidates = () => Promise.resolve([task, other]);
    expect((await t.engine.runNext())?.task.id).toBe(other.id);
    expect(await t.engine.runNext()).toBeUndefined();
  });

  test("run by hand need not wait for the time of a retry", async () => {
    const task = await t.add("a");
    await t.store.commit({ task: { ...task, notBefore: t.clock.now() + 60_000 }, events: [] });
    expect(await t.engine.runNext()).toBeUndefined();
    expect(await runToEnd(t, task)).toMatchObject({ status: "done" });
  });
});
