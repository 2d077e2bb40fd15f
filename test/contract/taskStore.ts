import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskStore } from "../../src/engine/ports.ts";
import { priorities } from "../../src/model/task.ts";
import { claim, codeOf, commitOk, completion, created, insertAndClaim, logEvent, newAttempt, newTask, taskId, type Current } from "./taskStoreFixtures.ts";
import { dependencyContract, removalContract } from "./taskStoreDependencies.ts";
import { journalContract, leaseContract, mergeContract, stepContract, streamContract } from "./taskStoreStreams.ts";

/** What every implementation of TaskStore must do. `open` gives a new, empty store for each test. */
export function describeTaskStore(name: string, open: () => Promise<TaskStore>): void {
  describe(`TaskStore: ${name}`, () => {
    let store: TaskStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());
    const current = (): TaskStore => store;
    rowContract(current);
    insertContract(current);
    lineContract(current);
    filterContract(current);
    stateContract(current);
    commitContract(current);
    releaseContract(current);
    dependencyContract(current);
    removalContract(current);
    streamContract(current);
    mergeContract(current);
    stepContract(current);
    leaseContract(current);
    journalContract(current);
  });
}

function rowContract(current: Current): void {
  it("has an identity", () => expect(current().uuid).toMatch(/^[0-9a-f-]{36}$/));

  it("gives a task back as it was, with every field", async () => {
    const first = newTask("a");
    const full = newTask("b", {
      status: "paused",
      priority: "critical",
      deadline: 9999,
      notBefore: 123,
      tags: ["x", "ü"],
      dependsOn: [first.id],
      parent: first.id,
      agent: "careful",
      acceptance: { commands: ["npm test"], criteria: "green" },
      budget: { turns: 3, costUsd: 0.5 },
      cron: "0 1 * * *",
      progress: { percent: 42, message: "half", metadata: { step: [1, null, "two"] } },
      result: {
        output: "out",
        error: { code: "TIMEOUT", message: "late" },
        metrics: { startedAt: 1, endedAt: 2, durationMs: 1 },
        artifacts: ["a.txt"],
      },
      integration: "merged",
      attention: { kind: "budget", message: "spent" },
      attempts: 2,
      fence: 7,
      lease: { owner: "me", token: 7, expiresAt: 77 },
      request: "resume",
      branch: "tm/1",
      version: 5,
    });
    await current().insert(first, created);
    await current().insert(full, created);
    expect(await current().get(full.id)).toEqual(full);
    expect(await current().get(first.id)).toEqual(first);
    expect(await current().get(taskId("zz"))).toBeUndefined();
  });

  it("lists in order of creation, by status and up to a limit", async () => {
    await current().insert(newTask("b", { createdAt: 2 }), created);
    await current().insert(newTask("c", { createdAt: 1, status: "failed" }), created);
    await current().insert(newTask("a", { createdAt: 2 }), created);
    const names = async (query?: Parameters<TaskStore["list"]>[0]): Promise<string[]> => (await current().list(query)).map(({ id }) => id[0] ?? "");
    expect(await names()).toEqual(["c", "b", "a"]);
    expect(await names({ limit: 2 })).toEqual(["c", "b"]);
    expect(await names({ statuses: ["todo"] })).toEqual(["b", "a"]);
    expect(await names({ statuses: ["todo", "failed"], limit: 2 })).toEqual(["c", "b"]);
    expect(await names({ statuses: [] })).toEqual([]);
  });
}

function insertContract(current: Current): void {
  it("numbers the first events from 1", async () => {
    const events = await current().insert(newTask("a"), [...created, logEvent("one", 0)]);
    expect(events.map(({ seq, type, taskId: id }) => [seq, type, id])).toEqual([
      [1, "created", taskId("a")],
      [2, "log", taskId("a")],
    ]);
  });

  it("refuses an id that is taken and a task that waits for itself, and then holds nothing of the task", async () => {
    await current().insert(newTask("a"), created);
    expect(await codeOf(current().insert(newTask("a", { title: "other" }), created))).toBe("CONFLICT");
    expect(await codeOf(current().insert(newTask("b", { dependsOn: [taskId("b")] }), created))).toBe("DEPENDENCY_CYCLE");
    expect((await current().list()).map(({ title }) => title)).toEqual(["Task a"]);
    expect(await current().events(taskId("b"), { limit: 9 })).toEqual([]);
  });

  it("makes a task ready whose dependencies became done since the engine looked", async () => {
    await current().insert(newTask("a", { status: "done" }), created);
    const events = await current().insert(newTask("b", { status: "blocked", dependsOn: [taskId("a")] }), created);
    expect(events.at(-1)).toMatchObject({ type: "unblocked", by: taskId("a"), seq: 2 });
    expect(await current().get(taskId("b"))).toMatchObject({ status: "todo", version: 2 });
  });

  it("blocks a task that is inserted as ready while a dependency is not done", async () => {
    await current().insert(newTask("a"), created);
    const events = await current().insert(newTask("b", { dependsOn: [taskId("a")] }), created);
    expect(events.at(-1)).toMatchObject({ type: "blocked", by: [taskId("a")] });
    expect(await current().get(taskId("b"))).toMatchObject({ status: "blocked", version: 2 });
  });
}

function lineContract(current: Current): void {
  it("gives the head of the line per priority: deadline, none last, then age, then id", async () => {
    const line = [
      newTask("late", { deadline: 900 }),
      newTask("soon", { deadline: 100 }),
      newTask("none", { createdAt: 1 }),
      newTask("older", { createdAt: 0 }),
      newTask("b1", { createdAt: 5 }),
      newTask("a1", { createdAt: 5 }),
    ];
    for (const task of line) await current().insert(task, created);
    await current().insert(newTask("low", { priority: "low" }), created);
    await current().insert(newTask("crit", { priority: "critical" }), created);
    await current().insert(newTask("not", { priority: "critical", status: "paused" }), created);
    const heads = await current().candidates(50, 5);
    expect(heads.map(({ id }) => id.replace(/0+$/, ""))).toEqual(["crit", "soon", "late", "older", "none", "a1", "low"]);
    expect((await current().candidates(50, 1)).map(({ priority }) => priority)).toEqual(priorities.filter((each) => each !== "high"));
  });

  it("leaves out what must wait, without giving its place away", async () => {
    await current().insert(newTask("a", { notBefore: 100, deadline: 1 }), created);
    await current().insert(newTask("b"), created);
    expect((await current().candidates(99, 1)).map(({ id }) => id)).toEqual([taskId("b")]);
    expect((await current().candidates(100, 1)).map(({ id }) => id)).toEqual([taskId("a")]);
  });
}

function filterContract(current: Current): void {
  const names = async (...query: Parameters<TaskStore["candidates"]>): Promise<string[]> =>
    (await current().candidates(...query)).map(({ id }) => id.replace(/0+$/, ""));

  it("gives only what has all the tags, however many others are ahead", async () => {
    for (let i = 10; i < 30; i++) await current().insert(newTask(`x${i}`, { deadline: 1 }), created);
    await current().insert(newTask("one", { tags: ["night"] }), created);
    await current().insert(newTask("two", { tags: ["docs", "ni'ght", "night"] }), created);
    expect(await names(0, 1, { requireTags: ["night"] })).toEqual(["one"]);
    expect(await names(0, 9, { requireTags: ["night", "docs"] })).toEqual(["two"]);
    expect(await names(0, 9, { requireTags: ["ni'ght"] })).toEqual(["two"]);
    expect(await names(0, 9, { requireTags: ["nigh"] })).toEqual([]);
  });

  it("gives only some priorities, and passes over agents", async () => {
    await current().insert(newTask("a", { priority: "high" }), created);
    await current().insert(newTask("b", { priority: "low", agent: "careful" }), created);
    await current().insert(newTask("c", { priority: "low" }), created);
    expect(await names(0, 9, { priorities: ["low"] })).toEqual(["b", "c"]);
    expect(await names(0, 1, { exceptAgents: ["careful"] })).toEqual(["a", "c"]);
    expect(await names(0, 1, { exceptAgents: [""] })).toEqual(["b"]);
    expect(await names(0, 1, { exceptAgents: ["", "careful"] })).toEqual([]);
  });
}

function stateContract(current: Current): void {
  it("keeps state of the queue by name, and replaces only what is as it was read", async () => {
    expect(await current().states()).toEqual(new Map());
    const [first, second] = [{ n: 1, list: [null, "ü"] }, { n: 2 }];
    expect(await current().replaceState("a", { n: 0 }, first)).toBe(false);
    expect(await current().replaceState("a", undefined, first)).toBe(true);
    expect(await current().replaceState("a", undefined, second)).toBe(false);
    expect(await current().replaceState("b", undefined, second)).toBe(true);
    expect(await current().states()).toEqual(
      new Map<string, unknown>([
        ["a", first],
        ["b", second],
      ]),
    );
    const read = (await current().states()).get("a");
    expect(await current().replaceState("a", read, second)).toBe(true);
    expect(await current().replaceState("a", read, undefined)).toBe(false);
    expect(await current().replaceState("a", second, undefined)).toBe(true);
    expect([...(await current().states()).keys()]).toEqual(["b"]);
  });
}

function commitContract(current: Current): void {
  it("writes task, attempt and events as one, and raises the version", async () => {
    const task = newTask("a");
    await current().insert(task, created);
    const { task: claimed, events, unblocked } = await commitOk(current(), claim(task));
    expect(claimed).toMatchObject({ status: "in_progress", version: 2 });
    expect(await current().get(task.id)).toEqual(claimed);
    expect(await current().attempts(task.id)).toEqual([newAttempt(task)]);
    expect(events).toEqual([{ type: "started", owner: "me", attempt: 1, at: 2000, taskId: task.id, seq: 2 }]);
    expect(unblocked).toEqual([]);
  });

  it("refuses a write on an older version, under another token, and to no task, and then changes nothing", async () => {
    const task = newTask("a");
    const claimed = await insertAndClaim(current(), task);
    expect(await current().commit(claim(task))).toEqual({ ok: false, reason: "conflict" });
    expect(await current().commit({ task: claimed, token: 2, events: [] })).toEqual({ ok: false, reason: "stale_lease" });
    expect(await current().commit({ task, token: 2, events: [] })).toEqual({ ok: false, reason: "stale_lease" });
    expect(await current().commit({ task: { ...task, version: 2 }, token: 1, events: [] })).toMatchObject({ ok: true });
    expect(await current().commit({ task: newTask("z"), events: [] })).toEqual({ ok: false, reason: "missing" });
    expect(await current().events(task.id, { limit: 9 })).toHaveLength(2);
  });

  it("changes dependencies and settles the status by them", async () => {
    await current().insert(newTask("a"), created);
    await current().insert(newTask("b"), created);
    const b = newTask("b");
    const { task, events } = await commitOk(current(), { task: { ...b, dependsOn: [taskId("a")] }, events: [] });
    expect(task).toMatchObject({ status: "blocked", dependsOn: [taskId("a")] });
    expect(events).toMatchObject([{ type: "blocked", by: [taskId("a")] }]);
    const { unblocked } = await commitOk(current(), completion(newTask("a")));
    expect(unblocked.map(({ id }) => id)).toEqual([taskId("b")]);
  });
}

function releaseContract(current: Current): void {
  it("releases dependants with the completion, once, and says which", async () => {
    await current().insert(newTask("a"), created);
    await current().insert(newTask("a2"), created);
    await current().insert(newTask("b", { status: "blocked", dependsOn: [taskId("a")] }), created);
    await current().insert(newTask("c", { status: "blocked", dependsOn: [taskId("a"), taskId("a2")] }), created);
    await current().insert(newTask("d", { status: "cancelled", dependsOn: [taskId("a")] }), created);
    const first = await commitOk(current(), completion(newTask("a")));
    expect(first.unblocked).toMatchObject([{ id: taskId("b"), status: "todo", version: 2, updatedAt: 3000 }]);
    expect(first.unblocked).toEqual([await current().get(taskId("b"))]);
    expect(first.events).toMatchObject([
      { type: "completed", unblocked: [taskId("b")], taskId: taskId("a"), seq: 2 },
      { type: "unblocked", by: taskId("a"), taskId: taskId("b"), seq: 2, attempt: 0 },
    ]);
    expect(await current().events(taskId("a"), { limit: 9 })).toEqual([expect.anything(), first.events[0]]);
    const second = await commitOk(current(), completion(newTask("a2")));
    expect(second.unblocked.map(({ id }) => id)).toEqual([taskId("c")]);
    expect(await current().get(taskId("d"))).toMatchObject({ status: "cancelled", version: 1 });
  });

  it("releases nothing when the completion is refused or the task is not done", async () => {
    await current().insert(newTask("a"), created);
    await current().insert(newTask("b", { status: "blocked", dependsOn: [taskId("a")] }), created);
    expect(await current().commit({ ...completion(newTask("a")), token: 9 })).toMatchObject({ ok: false });
    expect((await commitOk(current(), { task: newTask("a"), events: [], releaseDependants: true })).unblocked).toEqual([]);
    expect(await current().get(taskId("b"))).toMatchObject({ status: "blocked", version: 1 });
  });
}
