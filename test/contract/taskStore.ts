import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskStore, TaskWrite, TaskWriteResult } from "../../src/engine/ports.ts";
import { TaskMasterError } from "../../src/model/errors.ts";
import { priorities, type Attempt, type Task } from "../../src/model/task.ts";
import { claim, completion, created, logEvent, newAttempt, newTask, taskId } from "./taskStoreFixtures.ts";

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
    commitContract(current);
    releaseContract(current);
    streamContract(current);
    mergeContract(current);
    leaseContract(current);
    journalContract(current);
  });
}

type Current = () => TaskStore;

async function commitOk(store: TaskStore, write: TaskWrite): Promise<Extract<TaskWriteResult, { ok: true }>> {
  const result = await store.commit(write);
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result;
}

async function insertAndClaim(store: TaskStore, task: Task = newTask("a")): Promise<Task> {
  await store.insert(task, created);
  return (await commitOk(store, claim(task))).task;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof TaskMasterError ? error.code : String(error);
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

  it("refuses an id that is taken and a dependency that does not exist, and then holds nothing of the task", async () => {
    await current().insert(newTask("a"), created);
    expect(await codeOf(current().insert(newTask("a", { title: "other" }), created))).toBe("CONFLICT");
    expect(await codeOf(current().insert(newTask("b", { dependsOn: [taskId("zz")] }), created))).toBe("TASK_NOT_FOUND");
    expect(await codeOf(current().insert(newTask("b", { dependsOn: [taskId("b")] }), created))).toBe("TASK_NOT_FOUND");
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

  it("changes dependencies, settles the status by them, and refuses unknown ones", async () => {
    await current().insert(newTask("a"), created);
    await current().insert(newTask("b"), created);
    const b = newTask("b");
    expect(await codeOf(current().commit({ task: { ...b, dependsOn: [taskId("zz")] }, events: [] }))).toBe("TASK_NOT_FOUND");
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

function streamContract(current: Current): void {
  it("appends under the lease only", async () => {
    const task = newTask("a");
    await current().insert(task, created);
    const batch = { taskId: task.id, token: 1, events: [logEvent("one"), logEvent("two")] };
    expect(await current().append(batch)).toBeUndefined();
    await commitOk(current(), claim(task));
    expect((await current().append(batch))?.map(({ seq }) => seq)).toEqual([3, 4]);
    expect(await current().append({ ...batch, token: 2 })).toBeUndefined();
    expect(await current().append({ ...batch, taskId: taskId("zz") })).toBeUndefined();
    expect(await current().events(task.id, { limit: 99 })).toHaveLength(4);
  });

  it("folds progress, usage and checkpoints without raising the version", async () => {
    const { id, version } = await insertAndClaim(current());
    const at = { attempt: 1, at: 2500 };
    const events = [
      { type: "progress_update", progress: { percent: 10, message: "a" }, ...at },
      { type: "checkpoint", step: "session", data: { sessionId: "s1", branch: "tm/1", worktree: "/w", baseSha: 5, other: "x" }, ...at },
      { type: "checkpoint", step: "prepared", ...at },
      { type: "usage", usage: { inputTokens: 5, outputTokens: 6, costUsd: 0.1 }, ...at },
      { type: "progress_update", progress: { percent: 50, message: "b" }, ...at },
    ] as const;
    expect(await current().append({ taskId: id, token: 1, events })).toHaveLength(5);
    expect(await current().get(id)).toMatchObject({ version, progress: { percent: 50, message: "b" } });
    const [attempt] = await current().attempts(id);
    expect(attempt).toEqual(
      newAttempt(newTask("a"), {
        steps: ["prepared", "session"],
        sessionId: "s1",
        branch: "tm/1",
        worktree: "/w",
        usage: { inputTokens: 5, outputTokens: 6, costUsd: 0.1 },
      }),
    );
  });
}

function mergeContract(current: Current): void {
  const progressed = async (): Promise<Task> => {
    const snapshot = await insertAndClaim(current());
    const progress = { percent: 50, message: "half" };
    await current().append({ taskId: snapshot.id, token: 1, events: [{ type: "progress_update", progress, attempt: 1, at: 2500 }] });
    return snapshot;
  };

  it("keeps streamed progress when a state write brings an older snapshot", async () => {
    const snapshot = await progressed();
    const { task } = await commitOk(current(), { task: { ...snapshot, request: "pause" }, events: [] });
    expect(task).toMatchObject({ request: "pause", progress: { percent: 50 } });
    const paused = await commitOk(current(), { task: { ...snapshot, status: "paused", version: task.version }, token: 1, events: [] });
    expect(paused.task.progress.percent).toBe(50);
    expect(await current().get(snapshot.id)).toEqual(paused.task);
  });

  it("takes the progress of a write that reports it, begins anew or completes", async () => {
    const snapshot = await progressed();
    const progress = { percent: 20, message: "back" };
    const reported = await commitOk(current(), {
      task: { ...snapshot, progress },
      events: [{ type: "progress_update", progress, attempt: 1, at: 2600 }],
    });
    expect(reported.task.progress).toEqual(progress);
    expect((await commitOk(current(), completion(reported.task))).task.progress.percent).toBe(100);
  });

  it("keeps what was streamed into an attempt when a state write brings an older snapshot", async () => {
    const snapshot = await insertAndClaim(current());
    const at = { attempt: 1, at: 2500 };
    const usage = { inputTokens: 50, outputTokens: 1 };
    const events = [
      { type: "usage", usage, ...at },
      { type: "checkpoint", step: "session", data: { sessionId: "s1", commits: ["c0"] }, ...at },
    ] as const;
    await current().append({ taskId: snapshot.id, token: 1, events });
    const older = newAttempt(snapshot);
    await commitOk(current(), { task: snapshot, token: 1, attempt: { ...older, steps: ["prepared"], branch: "tm/1" }, events: [] });
    const expected: Attempt = { ...older, steps: ["prepared", "session"], branch: "tm/1", sessionId: "s1", commits: ["c0"], usage };
    expect(await current().attempts(snapshot.id)).toEqual([expected]);
    const ended: Attempt = { ...older, outcome: "completed", endedAt: 3000, commits: ["c1"], usage: { inputTokens: 60, outputTokens: 2 } };
    await commitOk(current(), { ...completion({ ...snapshot, version: snapshot.version + 1 }), attempt: ended });
    expect(await current().attempts(snapshot.id)).toEqual([{ ...expected, ...ended, steps: ["prepared", "session"] }]);
  });
}

function leaseContract(current: Current): void {
  it("renews a lease for its holder only, and then it has not expired", async () => {
    const { id } = await insertAndClaim(current());
    const expiredIds = async (now: number): Promise<string[]> => (await current().expired(now)).map((task) => task.id);
    expect(await expiredIds(5000)).toEqual([]);
    expect(await expiredIds(5001)).toEqual([id]);
    expect(await current().renewLease(id, 1, 8000)).toBe(true);
    expect(await current().renewLease(id, 2, 9000)).toBe(false);
    expect(await current().renewLease(taskId("zz"), 1, 9000)).toBe(false);
    expect(await expiredIds(5001)).toEqual([]);
    expect(await current().get(id)).toMatchObject({ lease: { owner: "me", token: 1, expiresAt: 8000 } });
  });

  it("lets nobody take over on a snapshot from before a renewal, while the holder goes on and keeps the time", async () => {
    const snapshot = await insertAndClaim(current());
    await current().renewLease(snapshot.id, 1, 8000);
    expect(await current().commit(claim(snapshot, { owner: "you", token: 2, expiresAt: 9000 }))).toEqual({ ok: false, reason: "conflict" });
    const { task } = await commitOk(current(), { task: { ...snapshot, branch: "tm/1" }, token: 1, events: [] });
    expect(task).toMatchObject({ branch: "tm/1", lease: { expiresAt: 8000 } });
    expect(task.version).toBeGreaterThan(snapshot.version);
  });

  it("drops the late writer after a takeover", async () => {
    const snapshot = await insertAndClaim(current());
    const taken = await commitOk(current(), claim(snapshot, { owner: "you", token: 2, expiresAt: 9000 }));
    expect(await current().commit(completion(snapshot))).toEqual({ ok: false, reason: "stale_lease" });
    expect(await current().renewLease(snapshot.id, 1, 9999)).toBe(false);
    expect(await current().append({ taskId: snapshot.id, token: 1, events: [logEvent("late")] })).toBeUndefined();
    expect(await current().get(snapshot.id)).toEqual(taken.task);
    expect((await current().attempts(snapshot.id)).map(({ number, owner }) => [number, owner])).toEqual([
      [1, "me"],
      [2, "you"],
    ]);
  });
}

function journalContract(current: Current): void {
  it("pages through the journal forwards and from the end", async () => {
    const { id } = await insertAndClaim(current());
    await current().append({ taskId: id, token: 1, events: Array.from({ length: 8 }, (_, index) => logEvent(String(index))) });
    const seqs = async (query: Parameters<TaskStore["events"]>[1]): Promise<number[]> => (await current().events(id, query)).map(({ seq }) => seq);
    expect(await seqs({ limit: 3 })).toEqual([1, 2, 3]);
    expect(await seqs({ afterSeq: 3, limit: 3 })).toEqual([4, 5, 6]);
    expect(await seqs({ afterSeq: 9, limit: 3 })).toEqual([10]);
    expect(await seqs({ beforeSeq: 11, limit: 3 })).toEqual([8, 9, 10]);
    expect(await seqs({ beforeSeq: 3, limit: 5 })).toEqual([1, 2]);
    expect(await seqs({ afterSeq: 7, beforeSeq: 10, limit: 5 })).toEqual([8, 9]);
  });

  it("rejects everything after close, which may be called twice", async () => {
    await current().close();
    await current().close();
    expect(await codeOf(current().list())).toBe("STORE_FAILED");
    expect(await codeOf(current().append({ taskId: taskId("a"), token: 1, events: [] }))).toBe("STORE_FAILED");
  });
}
