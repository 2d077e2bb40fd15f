import { expect, it } from "vitest";
import type { TaskId } from "../../src/model/ids.ts";
import type { Task } from "../../src/model/task.ts";
import { claim, codeOf, commitOk, completion, created, logEvent, newTask, taskId, type Current } from "./taskStoreFixtures.ts";

const [a, b, c] = ["a", "b", "c"].map(taskId) as [TaskId, TaskId, TaskId];

async function stored(current: Current, id: TaskId): Promise<Task> {
  return (await current().get(id)) ?? expect.fail(`no task ${id}`);
}

/** Gives a stored task other dependencies. */
async function depend(current: Current, id: TaskId, dependsOn: readonly TaskId[]): Promise<Task> {
  return (await commitOk(current(), { task: { ...(await stored(current, id)), dependsOn }, events: [] })).task;
}

/** What tasks wait for: cycles, dependencies that are missing, dependencies that are dropped. */
export function dependencyContract(current: Current): void {
  it("refuses dependencies by which tasks would wait for each other, naming the way round, and then changes nothing", async () => {
    await current().insert(newTask("a", { title: "Add login" }), created);
    await current().insert(newTask("b", { dependsOn: [a] }), created);
    await current().insert(newTask("c", { dependsOn: [b] }), created);
    const looped = current().commit({ task: { ...(await stored(current, a)), dependsOn: [c] }, events: [logEvent("x", 0)] });
    await expect(looped).rejects.toMatchObject({
      code: "DEPENDENCY_CYCLE",
      message: expect.stringContaining(`${a} "Add login" -> ${c} "Task c" -> ${b} "Task b" -> ${a} "Add login"`) as string,
    });
    expect(await codeOf(current().commit({ task: { ...(await stored(current, a)), dependsOn: [a] }, events: [] }))).toBe("DEPENDENCY_CYCLE");
    expect(await stored(current, a)).toMatchObject({ status: "todo", dependsOn: [], version: 1 });
    expect(await current().events(a, { limit: 9 })).toHaveLength(1);
  });

  it("takes a dependency that no task has: it is never done, and the way round over it is seen", async () => {
    await current().insert(newTask("b", { dependsOn: [a] }), created);
    expect(await stored(current, b)).toMatchObject({ status: "blocked", dependsOn: [a] });
    expect(await current().waitingFor(b)).toEqual([a]);
    expect(await codeOf(current().insert(newTask("a", { dependsOn: [b] }), created))).toBe("DEPENDENCY_CYCLE");
    await current().insert(newTask("a"), created);
    const { unblocked } = await commitOk(current(), completion(newTask("a")));
    expect(unblocked.map(({ id }) => id)).toEqual([b]);
  });

  it("does not release a task that waits for a missing one as well", async () => {
    await current().insert(newTask("a"), created);
    await current().insert(newTask("b", { dependsOn: [a, taskId("zz")] }), created);
    expect((await commitOk(current(), completion(newTask("a")))).unblocked).toEqual([]);
    expect(await current().waitingFor(b)).toEqual([taskId("zz")]);
  });

  it("makes a task ready whose last open dependency is dropped, whether or not others are left", async () => {
    await current().insert(newTask("a", { status: "done" }), created);
    await current().insert(newTask("b", { dependsOn: [a, c] }), created);
    expect(await depend(current, b, [a])).toMatchObject({ status: "todo" });
    expect((await current().events(b, { limit: 9 })).at(-1)).toMatchObject({ type: "unblocked", by: a });
    expect(await depend(current, b, [c])).toMatchObject({ status: "blocked" });
    expect(await depend(current, b, [])).toMatchObject({ status: "todo", dependsOn: [] });
    expect((await current().events(b, { limit: 9 })).at(-1)).toEqual({ type: "unblocked", attempt: 0, at: 1000, taskId: b, seq: 5 });
  });

  it("knows who depends on a task, and blocked tasks that wait for nothing", async () => {
    await current().insert(newTask("a", { status: "done" }), created);
    await current().insert(newTask("b", { dependsOn: [a, c] }), created);
    expect((await current().dependants(a)).map(({ id }) => id)).toEqual([b]);
    expect(await current().dependants(b)).toEqual([]);
    expect(await current().strays(9)).toEqual([]);
    // Nobody was there to release it.
    await current().insert(newTask("c", { status: "done" }), created);
    expect((await current().strays(9)).map(({ id }) => id)).toEqual([b]);
    expect(await current().strays(0)).toEqual([]);
  });

  it("releases in a diamond only with the last of the two", async () => {
    const [left, right, bottom] = [taskId("left"), taskId("rght"), taskId("bott")];
    await current().insert(newTask("a"), created);
    for (const name of ["left", "rght"]) await current().insert(newTask(name, { dependsOn: [a] }), created);
    await current().insert(newTask("bott", { dependsOn: [left, right] }), created);
    const done = async (id: TaskId): Promise<TaskId[]> =>
      (await commitOk(current(), completion(await stored(current, id)))).unblocked.map(({ id: freed }) => freed);
    expect(await done(a)).toEqual([left, right]);
    expect(await done(left)).toEqual([]);
    expect(await done(right)).toEqual([bottom]);
  });
}

/** What stays of a removed task. */
export function removalContract(current: Current): void {
  const removed = { type: "removed", attempt: 0, at: 4000 } as const;

  it("removes row, attempts and journal but for the last entry, and gives neither task ids nor event ids again", async () => {
    await current().insert(newTask("a"), created);
    await commitOk(current(), claim(newTask("a")));
    const result = await current().remove(await stored(current, a), removed);
    expect(result).toEqual({ ok: true, events: [{ ...removed, taskId: a, seq: 3 }], blocked: [] });
    expect([await current().get(a), await current().attempts(a), await current().list()]).toEqual([undefined, [], []]);
    expect(await current().events(a, { limit: 9 })).toEqual([{ ...removed, taskId: a, seq: 3 }]);
    expect(await codeOf(current().insert(newTask("a"), created))).toBe("CONFLICT");
  });

  it("refuses to remove another version or what is not there", async () => {
    await current().insert(newTask("a"), created);
    await commitOk(current(), claim(newTask("a")));
    expect(await current().remove(newTask("a"), removed)).toEqual({ ok: false, reason: "conflict" });
    expect(await current().remove(newTask("b"), removed)).toEqual({ ok: false, reason: "missing" });
    expect(await stored(current, a)).toMatchObject({ status: "in_progress" });
  });

  it("blocks what depends on it, ready or blocked, and nothing else", async () => {
    await current().insert(newTask("a", { status: "done" }), created);
    await current().insert(newTask("b", { dependsOn: [a] }), created);
    await current().insert(newTask("c", { dependsOn: [a, taskId("zz")] }), created);
    await current().insert(newTask("d", { status: "failed", dependsOn: [a] }), created);
    const result = await current().remove(newTask("a", { status: "done" }), removed);
    expect(result).toMatchObject({
      events: [
        { type: "removed", taskId: a },
        { type: "blocked", by: [a], taskId: b },
        { type: "blocked", taskId: c },
      ],
      blocked: [
        { id: b, status: "blocked", version: 2, updatedAt: 4000 },
        { id: c, status: "blocked", version: 3 },
      ],
    });
    expect(await stored(current, b)).toMatchObject({ status: "blocked", version: 2 });
    expect(await stored(current, taskId("d"))).toMatchObject({ status: "failed", version: 1 });
    expect(await depend(current, b, [])).toMatchObject({ status: "todo" });
  });
}
