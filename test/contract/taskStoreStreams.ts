import { expect, it } from "vitest";
import type { TaskStore } from "../../src/engine/ports.ts";
import type { Attempt, AttemptStep, Task } from "../../src/model/task.ts";
import type { NewTaskEvent } from "../../src/model/taskEvent.ts";
import { claim, codeOf, commitOk, completion, created, insertAndClaim, logEvent, newAttempt, newTask, taskId, type Current } from "./taskStoreFixtures.ts";

/** Part of the contract of TaskStore; see taskStore.ts. */
export function streamContract(current: Current): void {
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
      { type: "checkpoint", step: "prepared", ...at },
      {
        type: "checkpoint",
        step: "session",
        data: { sessionId: "s1", branch: "tm/1", worktree: "/w", baseSha: 5, other: "x", usageOffset: { inputTokens: "1" } },
        ...at,
      },
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

/** Part of the contract of TaskStore; see taskStore.ts. */
export function stepContract(current: Current): void {
  const at = { attempt: 1, at: 2500 };
  const stepsOf = async (id: Task["id"]): Promise<unknown> => (await current().attempts(id))[0]?.steps;
  const checkpoint = (step: AttemptStep): NewTaskEvent => ({ type: "checkpoint", step, ...at });

  it("a streamed checkpoint voids the steps that come later", async () => {
    const { id } = await insertAndClaim(current());
    await current().append({ taskId: id, token: 1, events: (["prepared", "session", "agent_finished", "verified"] as const).map(checkpoint) });
    expect(await stepsOf(id)).toEqual(["prepared", "session", "agent_finished", "verified"]);
    await current().append({ taskId: id, token: 1, events: [checkpoint("session")] });
    expect(await stepsOf(id)).toEqual(["prepared", "session"]);
  });

  it("so does one in a state write, also when a step was streamed since the writer read", async () => {
    const snapshot = await insertAndClaim(current());
    const older = newAttempt(snapshot, { steps: ["prepared"] });
    await current().append({ taskId: snapshot.id, token: 1, events: [checkpoint("prepared"), checkpoint("session")] });
    const first = await commitOk(current(), {
      task: snapshot,
      token: 1,
      attempt: { ...older, steps: ["prepared", "agent_finished"] },
      events: [checkpoint("agent_finished")],
    });
    expect(await stepsOf(snapshot.id)).toEqual(["prepared", "session", "agent_finished"]);
    await commitOk(current(), { task: first.task, token: 1, attempt: { ...older, steps: ["prepared", "session"] }, events: [checkpoint("session")] });
    expect(await stepsOf(snapshot.id)).toEqual(["prepared", "session"]);
  });
}

/** Part of the contract of TaskStore; see taskStore.ts. */
export function mergeContract(current: Current): void {
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
    const usageOffset = { inputTokens: -7, outputTokens: 3, costUsd: 0.5 };
    const events = [
      { type: "usage", usage, ...at },
      { type: "checkpoint", step: "session", data: { sessionId: "s1", usageOffset, commits: ["c0"] }, ...at },
    ] as const;
    await current().append({ taskId: snapshot.id, token: 1, events });
    const older = newAttempt(snapshot);
    await commitOk(current(), { task: snapshot, token: 1, attempt: { ...older, steps: ["prepared"], branch: "tm/1" }, events: [] });
    const expected: Attempt = { ...older, steps: ["prepared", "session"], branch: "tm/1", sessionId: "s1", usageOffset, commits: ["c0"], usage };
    expect(await current().attempts(snapshot.id)).toEqual([expected]);
    const ended: Attempt = { ...older, outcome: "completed", endedAt: 3000, commits: ["c1"], usage: { inputTokens: 60, outputTokens: 2 } };
    await commitOk(current(), { ...completion({ ...snapshot, version: snapshot.version + 1 }), attempt: ended });
    expect(await current().attempts(snapshot.id)).toEqual([{ ...expected, ...ended, steps: ["prepared", "session"] }]);
  });
}

/** Part of the contract of TaskStore; see taskStore.ts. */
export function leaseContract(current: Current): void {
  it("lists the leased tasks and renews a lease for its holder only", async () => {
    const { id } = await insertAndClaim(current());
    expect(await current().leased()).toMatchObject([{ id, lease: { expiresAt: 5000 } }]);
    expect(await current().renewLease(id, 1, 8000)).toBe(true);
    expect(await current().renewLease(id, 2, 9000)).toBe(false);
    expect(await current().renewLease(taskId("zz"), 1, 9000)).toBe(false);
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

/** Part of the contract of TaskStore; see taskStore.ts. */
export function journalContract(current: Current): void {
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
    expect(await seqs({ types: ["created"], limit: 5 })).toEqual([1]);
    expect(await seqs({ types: ["log", "created"], afterSeq: 1, limit: 2 })).toEqual([3, 4]);
    expect(await seqs({ types: ["log"], beforeSeq: 11, limit: 2 })).toEqual([9, 10]);
    expect(await seqs({ types: [], limit: 5 })).toEqual([]);
  });

  it("rejects everything after close, which may be called twice", async () => {
    await current().close();
    await current().close();
    expect(await codeOf(current().list())).toBe("STORE_FAILED");
    expect(await codeOf(current().append({ taskId: taskId("a"), token: 1, events: [] }))).toBe("STORE_FAILED");
  });
}
