/** Tasks whose process is gone, one by one: what is recorded, what is kept, what is ended, and who hears of it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Attempt, Task } from "../../../src/model/task.ts";
import { newAttempt } from "../../contract/taskStoreFixtures.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

const length = 30_000;
const place = { sessionId: "s1", branch: "tm/write", worktree: "/worktrees/w", baseSha: "base", startSha: "base", steps: ["prepared", "session"] } as const;

let t: TestEngine;
beforeEach(() => {
  t = new TestEngine({ owner: "one" });
  t.world.goneOwners = ["dead"];
});
afterEach(() => t.close());

/** A task in the hands of the process "dead", with its attempt; by default it runs and had its worktree. */
async function left(fields: Partial<Task> = {}, attempt: Partial<Attempt> | "none" = place): Promise<Task> {
  const row = await t.add("write");
  const lease = { owner: "dead", token: 1, expiresAt: t.clock.now() + length };
  const task: Task = { ...row, status: "in_progress", attempts: 1, fence: 1, lease, ...fields };
  await t.store.commit({ task, events: [], ...(attempt === "none" ? {} : { attempt: { ...newAttempt(task), owner: "dead", ...attempt } }) });
  return t.engine.get(row.id);
}

const lastAttempt = async ({ id }: Task): Promise<Attempt | undefined> => (await t.engine.attempts(id)).at(-1);
const journal = async ({ id }: Task): Promise<unknown[]> =>
  (await t.engine.events(id, { limit: 100 }))
    .slice(1)
    .map(({ type, ...event }) => ("message" in event ? [type, event.message] : "reason" in event ? [type, event.reason] : type));

describe("ended by the user", () => {
  let kept: unknown[];
  beforeEach(() => {
    kept = [];
    t.world.git = {
      cleanup: (leased, workspace, keep) => {
        kept.push([leased.attempt.number, leased.token, leased.baseBranches, workspace, keep]);
        return Promise.resolve({ savedAs: "refs/task-master/unfinished/x" });
      },
    };
  });
  const workspace = { repository: "/repository", worktree: "/worktrees/w", branch: "tm/write", baseSha: "base", startSha: "base" };

  test.each([
    ["stop", "in_progress", "stopped", "branch"],
    ["cancel", "in_progress", "cancelled", "ref"],
    ["stop", "paused", "stopped", "branch"],
    ["cancel", "paused", "cancelled", "ref"],
  ] as const)("%s while it was %s: the attempt is %s, its work is kept as a %s, and the journal says where", async (wish, status, outcome, keep) => {
    const task = await left({ status });
    t.clock.advance(5);
    await t.engine[wish](task.id);
    const by = `${wish === "stop" ? "Stopped" : "Cancelled"} by the user. Unfinished work is kept at refs/task-master/unfinished/x.`;
    expect(await t.engine.get(task.id)).toMatchObject({ status: outcome });
    expect(await lastAttempt(task)).toMatchObject({ outcome, endedAt: t.clock.now(), reason: by });
    expect(kept).toEqual([[1, 2, [], workspace, keep]]);
    expect(await journal(task)).toEqual([[outcome, by]]);
  });

  test.each(["stop", "cancel"] as const)("while its worktree is cleaned up the task is ours, and who finds it later learns that it was to %s", async (wish) => {
    const task = await left({ status: "paused" });
    const seen: (Task | undefined)[] = [];
    t.world.git = { cleanup: async () => (seen.push(await t.store.get(task.id)), {}) };
    await t.engine[wish](task.id);
    expect(seen).toMatchObject([{ request: wish, fence: 2, lease: { owner: "one", token: 2, expiresAt: t.clock.now() + length } }]);
    expect(await t.engine.get(task.id)).not.toHaveProperty("request");
  });

  test("nothing that was unfinished is nothing to tell", async () => {
    t.world.git = { cleanup: () => Promise.resolve({}) };
    const task = await left({ status: "paused" });
    await t.engine.stop(task.id);
    expect(await journal(task)).toEqual([["stopped", "Stopped by the user."]]);
    expect(t.world.gitCalls).toEqual(["cleanup"]);
    expect(t.clock.pending).toBe(0); // the lease is kept no longer than the clean-up takes
  });

  test("a clean-up that fails leaves the worktree; the task has ended all the same", async () => {
    t.world.git = { cleanup: () => Promise.reject(new TaskMasterError("GIT_FAILED", "no")) };
    const task = await left();
    await t.engine.cancel(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "cancelled" });
    expect(t.world.logged).toContain("warn: clean-up failed; the worktree was left as it is");
  });

  test("an attempt that had no worktree yet has nothing to clean up", async () => {
    const task = await left({}, { steps: [] });
    await t.engine.stop(task.id);
    expect(await lastAttempt(task)).toMatchObject({ outcome: "stopped" });
    expect(t.world.gitCalls).toEqual([]);
  });

  test("a task whose attempt is not known is ended, too", async () => {
    const task = await left({}, "none");
    await t.engine.stop(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "stopped" });
    expect([t.world.reaped, t.world.gitCalls]).toEqual([[], []]);
  });

  test("what became of an earlier attempt stays, when the task waits to be tried again", async () => {
    const row = await left();
    const { lease: _lease, ...rest } = row;
    const failed = { ...newAttempt(row), ...place, outcome: "failed", endedAt: 3, reason: "network" } as const;
    await t.store.commit({ task: { ...rest, status: "todo", notBefore: t.clock.now() + 60_000 }, attempt: failed, events: [] });
    await t.engine.cancel(row.id);
    expect(await t.engine.get(row.id)).toMatchObject({ status: "cancelled" });
    expect(await lastAttempt(row)).toMatchObject({ outcome: "failed", endedAt: 3, reason: "network" });
    expect([t.world.reaped, t.world.gitCalls]).toEqual([[], []]);
  });
});

describe("found by another engine", () => {
  test("a running one is paused: whoever hears of it learns that it was interrupted, and how often", async () => {
    const task = await left();
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused", fence: 2 });
    expect((await t.engine.get(task.id)).lease).toBeUndefined();
    expect((await t.engine.events(task.id, { limit: 100 })).at(-1)).toMatchObject({ type: "paused", isInterrupted: true });
    expect(await lastAttempt(task)).toMatchObject({ outcome: "running", interruptions: 1 });
    expect(t.world.reaped).toEqual([`${task.id}-1`]);
  });

  test("a paused one stays as it was, without another word in its journal", async () => {
    const task = await left({ status: "paused" });
    t.world.settings = { ...t.world.settings, afterInterruption: "resume" };
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(await journal(task)).toEqual([]);
    // Whatever was to go on by itself has begun before a task that is run after it has ended.
    await (
      await t.engine.run((await t.add("another")).id)
    ).finished;
    expect(t.world.turns.map(({ leased }) => leased.task.title)).toEqual(["another"]); // the other was paused by its user
  });

  test.each([
    ["stop", "stopped", "Stopped by the user; the process that ran it is gone."],
    ["cancel", "cancelled", "Cancelled by the user; the process that ran it is gone."],
  ] as const)("one that was to %s is %s, and says so", async (request, status, reason) => {
    const task = await left({ request });
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status });
    expect(await journal(task)).toEqual([[status, reason]]);
  });

  test("one that was to stop is only paused in a workspace that is not trusted: git is not started", async () => {
    const task = await left({ request: "stop" });
    t.world.isTrusted = false;
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(t.world.gitCalls).toEqual([]);
  });

  test("without an attempt it is paused all the same, and nobody goes on with it", async () => {
    const task = await left({}, "none");
    t.world.settings = { ...t.world.settings, afterInterruption: "resume" };
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect([t.world.reaped, t.world.turns]).toEqual([[], []]);
  });

  test("what its process left cannot be looked for: it is paused, and that is logged", async () => {
    const task = await left();
    t.world.onReap = () => Promise.reject(new Error("no /proc"));
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(t.world.logged).toContainEqual(expect.stringContaining("could not be looked for"));
  });

  test("of an attempt that had ended nothing is looked for", async () => {
    const task = await left({}, { outcome: "failed" });
    await t.engine.start();
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(t.world.reaped).toEqual([]);
  });

  test("a failure to look is logged, and the next look comes", async () => {
    await t.engine.start();
    const leased = t.store.leased.bind(t.store);
    t.store.leased = () => Promise.reject(new Error("locked"));
    t.clock.advance(length / 3);
    await waitFor(() => t.world.logged.some((line) => line.includes("could not be looked for")), { what: "the warning" });
    t.store.leased = leased;
    const task = await left();
    await waitFor(() => t.clock.pending === 1, { what: "the next look to be planned" });
    t.clock.advance(length / 3);
    await waitFor(async () => (await t.engine.get(task.id)).status === "paused", { what: "the look" });
    expect(t.world.reaped).toEqual([`${task.id}-1`]);
  });
});

test("paused by the user, it was interrupted all the same", async () => {
  const task = await left();
  await t.engine.pause(task.id);
  expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
  expect((await t.engine.events(task.id, { limit: 100 })).at(-1)).toMatchObject({ type: "paused", isInterrupted: true });
});

describe("the lease", () => {
  const looks = async (count: number): Promise<string[]> => {
    const seen: string[] = [];
    for (let look = 0; look < count; look++) {
      t.clock.advance(length / 3);
      await waitFor(() => t.clock.pending === 1, { what: "the look" });
      seen.push((await t.engine.list())[0]?.status ?? "");
    }
    return seen;
  };
  const leaseOf = (expiresAt: number): Partial<Task> => ({ lease: { owner: "unknown", token: 1, expiresAt } });

  test("that has run out at this very moment counts as run out", async () => {
    await left(leaseOf(t.clock.now() + 1)); // the task is added a millisecond later
    await t.engine.start();
    expect(await looks(3)).toEqual(["in_progress", "paused", "paused"]);
  });

  test("that ends a whole length from now is in order", async () => {
    await t.engine.start();
    await left(leaseOf(t.clock.now() + 1 + length));
    await t.engine.pause((await t.engine.list())[0]?.id as Task["id"]); // its owner is asked: it counts as held
    expect((await t.engine.list())[0]).toMatchObject({ status: "in_progress", request: "pause" });
  });

  test("of a run is as long as it should be from the first moment", async () => {
    t.world.onTurn = () => undefined;
    const task = await t.add("write");
    await t.engine.run(task.id);
    expect((await t.engine.get(task.id)).lease).toEqual({ owner: "one", token: 1, expiresAt: t.clock.now() + length });
    const turn = await t.turn();
    expect(turn.leased.attempt).toMatchObject({ number: 1, token: 1, owner: "one", outcome: "running", startedAt: t.clock.now(), commits: [] });
    expect(turn.leased.continues).toBeUndefined();
  });

  test("that is lost ends the run, and is asked for no more", async () => {
    t.world.onTurn = () => undefined;
    const task = await t.add("write");
    const { finished } = await t.engine.run(task.id);
    await t.turn();
    const row = await t.engine.get(task.id);
    await t.store.commit({ task: { ...row, fence: 9, lease: { owner: "thief", token: 9, expiresAt: t.clock.now() + 60_000 } }, events: [] });
    t.clock.advance(length / 3);
    expect(await finished).toMatchObject({ lease: { owner: "thief" } });
    expect(t.clock.pending).toBe(0);
    expect((await t.turn()).cancelReasons).toEqual(["The lease on the task was lost."]);
  });

  test("that cannot be renewed now is tried again at the next time", async () => {
    t.world.onTurn = () => undefined;
    const task = await t.add("write");
    await t.engine.run(task.id);
    const renew = t.store.renewLease.bind(t.store);
    t.store.renewLease = () => Promise.reject(new Error("locked"));
    t.clock.advance(length / 3);
    await waitFor(() => t.world.logged.some((line) => line.includes("could not be renewed")), { what: "the warning" });
    t.store.renewLease = renew;
    await waitFor(() => t.clock.pending === 2, { what: "the next try, and the look for silence" });
    t.clock.advance(length / 3);
    await waitFor(async () => (await t.engine.get(task.id)).lease?.expiresAt === t.clock.now() + length, { what: "the renewal" });
    expect(t.engine.running).toEqual([task.id]);
  });
});

describe("taken over", () => {
  test("its attempt goes on under the new owner and token, and the journal says who goes on", async () => {
    const task = await left({ status: "paused" }, { ...place, outcome: "lost" });
    t.world.onTurn = () => undefined;
    await t.engine.resume(task.id);
    expect(await lastAttempt(task)).toMatchObject({ number: 1, outcome: "running", owner: "one", token: 2, steps: ["prepared", "session"] });
    expect(await t.engine.events(task.id, { limit: 100 })).toContainEqual(expect.objectContaining({ type: "resumed", owner: "one" }));
    expect((await t.turn()).leased).toMatchObject({ token: 2, continues: { sessionId: "s1", workspace: { worktree: "/worktrees/w" } } });
  });

  test("without a record of its attempt it begins anew", async () => {
    const task = await left({ status: "paused" }, "none");
    expect(await t.engine.attempts(task.id)).toEqual([]);
    t.world.onTurn = () => undefined;
    await t.engine.resume(task.id);
    expect((await t.turn()).leased).toMatchObject({ token: 2, attempt: { number: 1, owner: "one", steps: [], commits: [] } });
  });
});

describe("a claim", () => {
  test("builds on the branches of what the task depends on, where those have commits", async () => {
    const bases = [];
    for (const title of ["a", "b", "c"]) {
      t.world.files = title === "b" ? [] : ["file.txt"];
      t.world.onTurn = (turn) => turn.finish(title === "b" ? "NOTHING TO CHANGE: it is there." : "done");
      const base = await t.add(title);
      await (
        await t.engine.run(base.id)
      ).finished;
      bases.push(base.id);
    }
    const task = await t.add("write", { dependsOn: bases });
    t.world.onTurn = () => undefined;
    await t.engine.run(task.id);
    expect((await t.turn(3)).leased.baseBranches).toEqual(["tm/a", "tm/c"]);
  });

  test("of a task whose row says blocked while nothing is open says in the journal that it is not", async () => {
    const row = await t.add("write");
    t.database.prepare("UPDATE tasks SET status = 'blocked' WHERE id = ?").run(row.id);
    await (
      await t.engine.run(row.id)
    ).finished;
    const types = (await t.engine.events(row.id, { limit: 100 })).map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(["created", "unblocked", "started"]);
  });

  test("of a ready task says nothing of the kind", async () => {
    const row = await t.add("write");
    await (
      await t.engine.run(row.id)
    ).finished;
    expect((await t.engine.events(row.id, { limit: 100 })).map(({ type }) => type).slice(0, 2)).toEqual(["created", "started"]);
  });

  test("that is refused changes nothing of the row", async () => {
    const first = await t.add("first");
    const task = await t.add("write", { dependsOn: [first.id] });
    await expect(t.engine.run(task.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    expect(await t.engine.get(task.id)).toEqual(task);
    await t.engine.cancel(first.id);
    const cancelled = await t.engine.get(first.id);
    await expect(t.engine.run(first.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    expect(await t.engine.get(first.id)).toEqual(cancelled);
  });

  test("that the store fails is a failure, not a reason to look for another task", async () => {
    await t.add("write");
    t.store.commit = () => Promise.reject(new TaskMasterError("DISK_FULL", "no space"));
    await expect(t.engine.runNext()).rejects.toMatchObject({ code: "DISK_FULL" });
  });
});
