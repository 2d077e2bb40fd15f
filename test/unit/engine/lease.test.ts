import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Task } from "../../../src/model/task.ts";
import { newAttempt } from "../../contract/taskStoreFixtures.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { ManualClock } from "../../helpers/manualClock.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let folder: TempDir;
let clock: ManualClock;
let engines: TestEngine[];
beforeEach(() => {
  folder = createTempDir("lease-");
  clock = new ManualClock();
  engines = [];
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  folder.dispose();
});

function open(owner: string): TestEngine {
  const engine = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner });
  engine.world.goneOwners = ["dead"];
  engines.push(engine);
  return engine;
}

/** A running task whose owner has ended, perhaps with a request left behind. */
async function orphan(engine: TestEngine, request?: "stop" | "cancel"): Promise<Task> {
  const row = await engine.add("write");
  const lease = { owner: "dead", token: 1, expiresAt: clock.now() + 60_000 };
  await engine.store.commit({
    task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease, ...(request === undefined ? {} : { request }) },
    events: [],
  });
  return row;
}

/** Lets something happen between this engine's next look at a task and its write. */
function meanwhile(engine: TestEngine, happens: () => Promise<unknown>): void {
  const attempts = engine.store.attempts.bind(engine.store);
  engine.store.attempts = async (id) => {
    engine.store.attempts = attempts;
    await happens();
    return attempts(id);
  };
}

describe("several processes find the same task without an owner", () => {
  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("all of them start, and the left request to %s is carried out once", async (request, status) => {
    const all = ["one", "two", "three"].map(open);
    const task = await orphan(all[0] as TestEngine, request);
    await Promise.all(all.map(({ engine }) => engine.start()));
    const events = await (all[0] as TestEngine).engine.events(task.id, { limit: 100 });
    expect(events.map(({ type }) => type)).toEqual(["created", status]);
  });

  test("a task that another process takes meanwhile is not ended under its hands", async () => {
    const [one, two] = [open("one"), open("two")] as const;
    two.world.onTurn = () => undefined;
    const task = await one.add("write");
    meanwhile(one, () => two.engine.run(task.id));
    await expect(one.engine.cancel(task.id)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
    expect(await one.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "two" } });
  });

  test.each(["stop", "cancel"] as const)("a %s that comes while another process takes it over leaves that one its task and its lease", async (wish) => {
    const [one, two] = [open("one"), open("two")] as const;
    two.world.onTurn = () => undefined;
    const task = await orphan(one);
    meanwhile(one, async () => {
      await two.engine.start();
      await two.engine.resume(task.id);
    });
    await expect(one.engine[wish](task.id)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
    const { token } = (await two.turn()).leased;
    expect(await one.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "two", token } });
    expect(await one.engine.get(task.id)).not.toHaveProperty("request");
  });

  test("it is paused once, however many ask for it", async () => {
    const all = ["one", "two", "three"].map(open);
    const task = await orphan(all[0] as TestEngine);
    const asked = await Promise.allSettled(all.map(({ engine }) => engine.pause(task.id)));
    expect(asked.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
    expect((await (all[0] as TestEngine).engine.events(task.id, { limit: 100 })).map(({ type }) => type)).toEqual(["created", "paused"]);
  });

  test("a pause that comes while another process takes it over leaves that one its lease", async () => {
    const [one, two] = [open("one"), open("two")] as const;
    two.world.onTurn = () => undefined;
    const task = await orphan(one);
    meanwhile(one, async () => {
      await two.engine.start();
      await two.engine.resume(task.id);
    });
    await expect(one.engine.pause(task.id)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
    expect(await one.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "two" } });
  });

  test("it is resumed by one, also when that one has paused it again", async () => {
    const [one, two] = [open("one"), open("two")] as const;
    two.world.onTurn = () => undefined;
    const task = await orphan(one);
    await one.engine.pause(task.id);
    meanwhile(one, async () => {
      await two.engine.resume(task.id);
      await two.engine.pause(task.id);
    });
    await expect(one.engine.resume(task.id)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
    expect(await one.engine.get(task.id)).toMatchObject({ status: "paused", lease: { owner: "two" } });
  });
});

describe("what a dead process left running is ended", () => {
  test.each([
    ["when its task is found", (engine: TestEngine) => engine.engine.start()],
    ["when its task is stopped", (engine: TestEngine, task: Task) => engine.engine.stop(task.id)],
    ["when its task is resumed", (engine: TestEngine, task: Task) => engine.engine.pause(task.id).then(() => engine.engine.resume(task.id))],
  ])("%s, and nobody else can take the task meanwhile", async (_what, act) => {
    const [one, two] = [open("one"), open("two")] as const;
    const task = await orphan(one);
    const row = await one.engine.get(task.id);
    await one.store.commit({ task: row, attempt: { ...newAttempt(row), owner: "dead" }, events: [] });
    const owners: unknown[] = [];
    one.world.onReap = async () => {
      await two.engine.start();
      await two.engine.resume(task.id).catch(() => undefined);
      owners.push((await two.engine.get(task.id)).lease?.owner);
    };
    await act(one, task);
    expect(one.world.reaped).toEqual([`${task.id}-1`]);
    expect(owners).toEqual(["one"]);
    expect([two.world.reaped, two.world.turns]).toEqual([[], []]);
  });
});

describe("the worktree that a dead process left is cleaned up", () => {
  /** An orphan that had a worktree; `clean` is called for its clean-up by the first engine. */
  async function withWorktree(one: TestEngine, clean: () => Promise<{ savedAs?: string }>, request?: "stop"): Promise<Task> {
    const task = await orphan(one, request);
    const row = await one.engine.get(task.id);
    const place = { worktree: "/worktrees/x", branch: "tm/x", baseSha: "base" };
    await one.store.commit({ task: row, attempt: { ...newAttempt(row), owner: "dead", ...place }, events: [] });
    one.world.git = { cleanup: clean };
    return task;
  }

  test.each([
    ["stop", "stopped", undefined],
    ["cancel", "cancelled", undefined],
    ["a request left behind", "stopped", "stop"],
  ] as const)("before another process can start the task again (%s)", async (how, status, request) => {
    const [one, two] = [open("one"), open("two")] as const;
    two.world.onTurn = () => undefined;
    const seen: unknown[] = [];
    const clean = async (): Promise<{ savedAs: string }> => {
      await two.engine.retry(task.id).catch(() => undefined);
      await two.engine.run(task.id).catch(() => undefined);
      seen.push(await two.engine.get(task.id));
      return { savedAs: "refs/kept" };
    };
    const task = await withWorktree(one, clean, request);
    await (how === "stop" || how === "cancel" ? one.engine[how](task.id) : one.engine.start());
    expect(seen).toMatchObject([{ status: "in_progress", lease: { owner: "one" } }]);
    expect([two.world.gitCalls, two.world.turns]).toEqual([[], []]);
    expect(await one.engine.get(task.id)).toMatchObject({ status });
    expect((await one.engine.events(task.id, { limit: 100 })).at(-1)).toMatchObject({ type: status, reason: expect.stringContaining("refs/kept") as string });
    await two.engine.retry(task.id);
    await two.engine.run(task.id);
    expect(await two.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "two" } });
  });

  test("under a lease that is renewed for as long as it takes", async () => {
    const [one, two] = [open("one"), open("two")] as const;
    const cleaning = Promise.withResolvers<{ savedAs?: string }>();
    const task = await withWorktree(one, () => cleaning.promise);
    const stopped = one.engine.stop(task.id);
    await waitFor(() => one.world.gitCalls.includes("cleanup"), { what: "the clean-up" });
    await two.engine.start();
    for (let thirds = 1; thirds <= 9; thirds++) {
      clock.advance(10_000);
      await waitFor(() => clock.pending === 2, { what: "the renewal and the look of the other" });
    }
    expect(await two.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "one" } });
    cleaning.resolve({});
    await stopped;
    expect(await two.engine.get(task.id)).toMatchObject({ status: "stopped" });
  });

  test("and should that process die over it, the next one ends the task all the same", async () => {
    const [one, two] = [open("one"), open("two")] as const;
    const never = new Promise<never>(() => undefined);
    const task = await withWorktree(one, () => never);
    void one.engine.stop(task.id);
    await waitFor(() => one.world.gitCalls.includes("cleanup"), { what: "the clean-up" });
    two.world.goneOwners = ["dead", "one"];
    await two.engine.start();
    expect(await two.engine.get(task.id)).toMatchObject({ status: "stopped" });
    expect(two.world.gitCalls).toEqual(["cleanup"]);
  });
});

describe("the clock is set", () => {
  const day = 86_400_000;
  const length = 30_000;
  /** Lets a third of a lease's length pass; `timers` (a run has two: renewal and the look for silence) wait again when all that was due is done. */
  const third = async (timers: number): Promise<void> => {
    clock.advance(length / 3);
    await waitFor(() => clock.pending === timers, { what: "the timers" });
  };

  test.each([
    ["a day forwards", day],
    ["a day back", -day],
  ])("%s: a living owner keeps its task, however the others look, and its lease is never longer than one length", async (_what, jump) => {
    const [owner, other] = [open("owner"), open("other")] as const;
    owner.world.onTurn = () => undefined;
    await other.engine.start(); // looks before the owner renews
    await owner.engine.start();
    const task = await owner.add("write");
    const { finished } = await owner.engine.run(task.id);
    const turn = await owner.turn();
    await third(4);
    clock.jump(jump);
    for (let thirds = 0; thirds < 9; thirds++) {
      await third(4);
      const { lease, status } = await other.engine.get(task.id);
      expect(status).toBe("in_progress");
      expect(lease).toMatchObject({ owner: "owner", token: 1 });
      expect(lease?.expiresAt).toBeLessThanOrEqual(clock.now() + length);
      expect(lease?.expiresAt).toBeGreaterThan(clock.now());
    }
    turn.finish();
    expect(await finished).toMatchObject({ status: "done", attempts: 1 });
    expect(other.world.turns).toEqual([]);
  });

  test("a day back: the lease of an owner of whom nothing is known lasts one length more, not a day", async () => {
    const other = open("other");
    const task = await other.add("write");
    const lease = { owner: "unknown", token: 1, expiresAt: clock.now() + length };
    await other.store.commit({ task: { ...task, status: "in_progress", attempts: 1, fence: 1, lease }, events: [] });
    clock.jump(-day);
    await other.engine.start();
    for (let thirds = 0; thirds < 2; thirds++) {
      await third(1);
      expect(await other.engine.get(task.id)).toMatchObject({ status: "in_progress" });
    }
    await third(1);
    expect(await other.engine.get(task.id)).toMatchObject({ status: "paused" });
  });
});

test("the lease of a task whose worker is silent is not renewed, and is again when it is heard", async () => {
  const owner = open("owner");
  owner.world.onTurn = () => undefined;
  const task = await owner.add("write");
  await owner.engine.run(task.id);
  const expiry = async (): Promise<number> => (await owner.engine.get(task.id)).lease?.expiresAt ?? 0;
  const before = await expiry();
  owner.world.silentTasks = [task.id];
  clock.advance(11_000);
  await waitFor(() => owner.world.logged.some((line) => line.includes("no sign of life")), { what: "the warning" });
  expect(await expiry()).toBe(before);
  owner.world.silentTasks = [];
  await waitFor(() => clock.pending === 2, { what: "the next round, and the look for silence" });
  clock.advance(11_000);
  await waitFor(async () => (await expiry()) > before, { what: "the renewal" });
});

describe("a run that does not know yet that another process took its task", () => {
  /** Its timers stand still, as those of a machine that slept, while the other process looks for leases. */
  async function losesItsTask(): Promise<{ readonly one: TestEngine; readonly task: Task }> {
    const [one, two] = [open("one"), open("two")] as const;
    one.world.onTurn = () => undefined;
    const task = await one.add("write");
    await one.engine.run(task.id);
    await one.turn();
    clock.advance(-3_600_000);
    await two.engine.start();
    for (let looks = 0; looks < 6 && (await two.engine.get(task.id)).status !== "paused"; looks++) {
      clock.advance(11_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await two.engine.get(task.id)).toMatchObject({ status: "paused", fence: 2 });
    expect(one.engine.running).toEqual([task.id]);
    return { one, task };
  }

  test("is resumed all the same: it ends, and the task is taken over", async () => {
    const { one, task } = await losesItsTask();
    await one.engine.resume(task.id);
    expect(await one.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "one", token: 3 } });
    expect((await one.turn()).cancelReasons).toHaveLength(1);
    (await one.turn(1)).finish();
    await waitFor(async () => (await one.engine.get(task.id)).status === "done", { what: "the end of the task" });
  });

  test("refuses a pause for what it is: the task is paused already", async () => {
    const { one, task } = await losesItsTask();
    await expect(one.engine.pause(task.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
  });

  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("does not swallow the wish to %s it", async (verb, outcome) => {
    const { one, task } = await losesItsTask();
    await one.engine[verb](task.id);
    expect(await one.engine.get(task.id)).toMatchObject({ status: outcome });
    expect((await one.engine.attempts(task.id)).at(-1)).toMatchObject({ outcome });
  });
});
