import { attemptSteps } from "../../../src/model/task.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { abortable } from "../../../src/base/abort.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
beforeEach(async () => {
  t = new TestEngine();
  await t.engine.start();
});
afterEach(() => t.close());

const withCode = (code: string): unknown => expect.objectContaining({ code });

async function runToEnd(engine: TestEngine, task: Task): Promise<Task> {
  return (await engine.engine.run(task.id)).finished;
}

describe("enqueue", () => {
  test.each([
    ["an empty title", { title: " " }],
    ["a title of 1 MB", { title: "x".repeat(1_000_000) }],
    ["a title with a line break", { title: "a\nb" }],
    ["an empty prompt", { title: "a", prompt: " " }],
    ["a prompt of 1 MB", { title: "a", prompt: "x".repeat(1_000_000) }],
    ["a deadline that is no time", { title: "a", deadline: Number.NaN }],
    ["an empty tag", { title: "a", tags: [""] }],
    ["a dependency that cannot be an id", { title: "a", dependsOn: ["first" as Task["id"]] }],
  ])("%s is refused and nothing is stored", async (_what, input) => {
    await expect(t.engine.enqueue(input)).rejects.toEqual(withCode("INVALID_INPUT"));
    expect(await t.engine.list()).toEqual([]);
  });

  test("a task that depends on an open one is blocked, the title is the prompt", async () => {
    const first = await t.add("first");
    const second = await t.add("second", { dependsOn: [first.id] });
    expect(second).toMatchObject({ status: "blocked", prompt: "second", priority: "medium" });
  });
});

describe("a run", () => {
  test("goes from ready to done and the journal is heard in order", async () => {
    const task = await t.add("write");
    const done = await runToEnd(t, task);
    expect(done).toMatchObject({ status: "done", branch: "tm/write", progress: { percent: 100 }, result: { artifacts: ["a.txt"] } });
    expect(t.world.gitCalls).toEqual(["isClean", "branch", "changes", "commitAndPush", "push", "cleanup"]);
    expect(t.published(task)).toEqual(expect.arrayContaining(["created", "started", "checkpoint", "completed"]));
    const [attempt] = await t.engine.attempts(task.id);
    expect(attempt).toMatchObject({
      number: 1,
      outcome: "completed",
      commits: ["c0ffee"],
      steps: attemptSteps.filter((step) => step !== "session" && step !== "pushed"),
    });
    const events = await t.engine.events(task.id, { limit: 100 });
    expect(events.map((event) => event.seq)).toEqual(events.map((_event, index) => index + 1));
  });

  test("pushes behind the commit and records that as a step of its own", async () => {
    t.world.git = { push: () => Promise.resolve({ pushed: true }) };
    const task = await t.add("write");
    expect(await runToEnd(t, task)).toMatchObject({ status: "done", result: { output: "I changed the file." } });
    expect((await t.engine.attempts(task.id))[0]?.steps).toEqual(["prepared", "agent_finished", "verified", "committed", "pushed", "acknowledged"]);
  });

  test.each([
    ["is refused", () => Promise.resolve({ pushed: false, reason: "a hook said no" } as const)],
    ["cannot be tried", () => Promise.reject(new TaskMasterError("WORKER_FAILED", "a hook said no", { retryable: true }))],
  ])("is done when the push %s, and says so in journal and result", async (_what, push) => {
    t.world.git = { push };
    const task = await t.add("write");
    const done = await runToEnd(t, task);
    expect(done).toMatchObject({ status: "done", result: { output: "I changed the file.\n\nNot pushed: a hook said no" } });
    const events = await t.engine.events(task.id, { limit: 100 });
    expect(events).toContainEqual(expect.objectContaining({ type: "log", level: "warn", message: "Not pushed: a hook said no" }));
    expect((await t.engine.attempts(task.id))[0]).toMatchObject({
      outcome: "completed",
      steps: ["prepared", "agent_finished", "verified", "committed", "acknowledged"],
    });
  });

  test("a stop while it is pushed ends the task; its commit stays on the branch", async () => {
    const asked = Promise.withResolvers<void>();
    t.world.git = {
      push: (_leased, _workspace, { signal }) => {
        asked.resolve();
        return abortable(new Promise<never>(() => undefined), signal);
      },
    };
    const task = await t.add("write");
    const { finished } = await t.engine.run(task.id);
    await asked.promise;
    await t.engine.stop(task.id);
    expect(await finished).toMatchObject({ status: "stopped", branch: "tm/write" });
  });

  test("an event is in the journal before anybody hears of it", async () => {
    const seen: boolean[] = [];
    t.engine.onDidChange((changes) => {
      for (const { event } of changes)
        void t.store.events(event.taskId, { limit: 100 }).then((stored) => seen.push(stored.some(({ seq }) => seq === event.seq)));
    });
    await runToEnd(t, await t.add("write"));
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).not.toContain(false);
  });

  test("a listener that throws is logged and disturbs nobody", async () => {
    t.engine.onDidChange(() => {
      throw new Error("listener");
    });
    expect(await runToEnd(t, await t.add("write"))).toMatchObject({ status: "done" });
    expect(t.world.logged).toContain("error: a listener failed");
  });

  test("what Goose streams is stored under the attempt", async () => {
    t.world.onTurn = (turn) => {
      turn.observer.onEvents?.([
        { type: "message", role: "agent", messageId: "m", text: "hello" },
        { type: "progress_update", progress: { percent: 40, message: "shell: ls" } },
      ]);
      void waitFor(() => t.published(turn.leased.task).includes("message"), { what: "the message" }).then(() => turn.finish());
    };
    const task = await t.add("write");
    await runToEnd(t, task);
    expect((await t.engine.events(task.id, { limit: 100 })).find((event) => event.type === "message")).toMatchObject({ text: "hello", attempt: 1 });
  });

  test("no change and no statement goes back to Goose once and then fails, never done", async () => {
    t.world.files = [];
    const task = await t.add("write", { maxAttempts: 1 });
    const ended = await runToEnd(t, task);
    expect(ended).toMatchObject({ status: "failed", result: { error: { code: "VERIFICATION_FAILED" } } });
    expect(t.world.turns.map((turn) => turn.prompt.sessionId)).toEqual([undefined, `session-${task.id}`]);
    expect(t.world.gitCalls).not.toContain("commitAndPush");
  });

  test("no change with the explicit statement is done", async () => {
    t.world.files = [];
    t.world.onTurn = (turn) => turn.finish("NOTHING TO CHANGE: it is there already.");
    expect(await runToEnd(t, await t.add("write"))).toMatchObject({ status: "done" });
  });

  test("a failing acceptance command is never done", async () => {
    t.world.checks = [{ command: "npm test", exitCode: 1, outputTail: "1 failed", timedOut: false }];
    const ended = await runToEnd(t, await t.add("write", { acceptance: { commands: ["npm test"] } }));
    expect(ended.result?.error?.message).toContain("npm test");
    expect(t.world.turns[1]?.prompt.text).toContain("1 failed");
    const told = t.changes.flatMap(({ event }) => (event.type === "log" ? [event.message] : []));
    expect(told).toEqual(["The check failed, and Goose was told: The acceptance command `npm test` ended with exit code 1."]);
  });

  test("a failure saves the work and is told with its code", async () => {
    t.world.git = { cleanup: () => Promise.resolve({ savedAs: "refs/task-master/unfinished/x/1" }) };
    t.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_AUTHENTICATION", "The provider refused the key."));
    const ended = await runToEnd(t, await t.add("write"));
    expect(ended).toMatchObject({
      status: "failed",
      result: { error: { code: "GOOSE_AUTHENTICATION", message: expect.stringContaining("refs/task-master") as string } },
    });
  });

  test("a retryable failure waits for its time when attempts are left", async () => {
    t.world.onTurn = (turn) => (t.world.turns.length === 1 ? turn.fail(new TaskMasterError("GOOSE_NETWORK", "refused", { retryable: true })) : turn.finish());
    const task = await t.add("write", { maxAttempts: 2 });
    const ended = await runToEnd(t, task);
    expect(ended).toMatchObject({ status: "todo", attempts: 1 });
    expect(ended.notBefore).toBeGreaterThan(t.clock.now());
    expect(await t.engine.runNext()).toBeUndefined();
    t.clock.advance(60_000);
    expect(await (await t.engine.runNext())?.finished).toMatchObject({ status: "done", attempts: 2 });
  });

  test("a session that cannot be loaded goes on in a fresh one with a hand-over", async () => {
    t.world.files = [];
    t.world.onTurn = (turn) => {
      if (turn.prompt.sessionId !== undefined) turn.fail(new TaskMasterError("GOOSE_SESSION_LOST", "unknown session"));
      else turn.finish(t.world.turns.length === 1 ? "done" : "NOTHING TO CHANGE: all is there.");
    };
    expect(await runToEnd(t, await t.add("write"))).toMatchObject({ status: "done" });
    expect(t.world.turns[2]?.prompt.text).toContain("cannot be continued");
  });

  test("a lost lease touches nothing: no clean-up, no write", async () => {
    t.world.onTurn = () => undefined;
    const task = await t.add("write");
    const { finished } = await t.engine.run(task.id);
    const turn = await t.turn();
    const row = await t.engine.get(task.id);
    await t.store.commit({ task: { ...row, fence: 9, lease: { owner: "thief", token: 9, expiresAt: t.clock.now() + 60_000 } }, events: [] });
    turn.observer.onEvents?.([{ type: "log", level: "info", message: "late" }]);
    expect(await finished).toMatchObject({ status: "in_progress", lease: { owner: "thief" } });
    expect(t.world.gitCalls).not.toContain("cleanup");
    expect((await t.engine.events(task.id, { limit: 100 })).some((event) => event.type === "log")).toBe(false);
  });

  test("the lease is renewed while the run goes on", async () => {
    t.world.onTurn = () => undefined;
    const task = await t.add("write");
    const { finished } = await t.engine.run(task.id);
    const turn = await t.turn();
    const before = (await t.engine.get(task.id)).lease?.expiresAt ?? 0;
    t.clock.advance(11_000);
    await waitFor(async () => ((await t.engine.get(task.id)).lease?.expiresAt ?? 0) > before, { what: "a renewed lease" });
    turn.finish();
    await finished;
    expect(t.clock.pending).toBe(1); // only the look for expired leases is left
  });
});

describe("selection", () => {
  test("runAll takes the most urgent first and dependants after what they wait for", async () => {
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    const low = await t.add("low", { priority: "low" });
    const first = await t.add("first", { priority: "medium" });
    const second = await t.add("second", { priority: "critical", dependsOn: [first.id] });
    expect(await t.engine.runAll()).toEqual([first.id, second.id, low.id]);
    expect(t.world.turns[1]?.leased.baseBranches).toEqual(["tm/first"]);
    expect(t.world.turns[1]?.prompt.text).toContain(`task ${first.id} (done, branch tm/first) changed a.txt`);
  });

  test("runAll keeps as many tasks going as there are slots", async () => {
    t.world.onTurn = () => undefined;
    for (const title of ["a", "b", "c"]) await t.add(title);
    const all = t.engine.runAll();
    await t.turn(1);
    expect(t.engine.running).toHaveLength(2);
    await expect(t.engine.run((await t.engine.list())[2]?.id as Task["id"])).rejects.toEqual(withCode("CONFLICT"));
    t.world.turns[0]?.finish();
    (await t.turn(2)).finish();
    t.world.turns[1]?.finish();
    expect(await all).toHaveLength(3);
  });

  test("runAll that is ended starts nothing more and lets finish what runs", async () => {
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    t.world.onTurn = () => undefined;
    await t.add("a");
    await t.add("b");
    const controller = new AbortController();
    const all = t.engine.runAll({}, { signal: controller.signal });
    const turn = await t.turn();
    controller.abort();
    turn.finish();
    expect(await all).toHaveLength(1);
    expect((await t.engine.list()).map((task) => task.status)).toEqual(["done", "todo"]);
  });

  test("a failed set-up stops the queue instead of failing every task", async () => {
    t.world.settings = { ...t.world.settings, poolSize: 1 };
    t.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_NOT_FOUND", "no goose"));
    await t.add("a");
    await t.add("b");
    expect(await t.engine.runAll()).toHaveLength(1);
    expect((await t.engine.list()).map((task) => task.status)).toEqual(["failed", "todo"]);
  });

  test("a tag finds its task behind 60 others, and the ends of the priorities count", async () => {
    for (let i = 0; i < 60; i++) await t.add(`untagged ${i}`, { deadline: t.clock.now() + 1_000 });
    const tagged = await t.add("tagged", { tags: ["night", "docs"] });
    expect((await t.engine.runNext({ requireTags: ["night"], maxPriority: "low" }))?.task).toBeUndefined();
    expect((await t.engine.runNext({ requireTags: ["night", "other"] }))?.task).toBeUndefined();
    const running = await t.engine.runNext({ requireTags: ["docs", "night"], minPriority: "medium", limit: 4 });
    expect(running?.task.id).toBe(tagged.id);
    await running?.finished;
  });

  test.each([
    ["limits that contradict each other", { minPriority: "high", maxPriority: "low" }],
    ["no candidates at all", { limit: 0 }],
    ["half a candidate", { limit: 1.5 }],
    ["an empty tag", { requireTags: [""] }],
  ] as const)("%s are refused", async (_what, criteria) => {
    await expect(t.engine.runNext(criteria)).rejects.toEqual(withCode("INVALID_INPUT"));
    await expect(t.engine.runAll(criteria)).rejects.toEqual(withCode("INVALID_INPUT"));
  });

  test("a failed dependency leaves its dependants blocked", async () => {
    t.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_PROVIDER", "500"));
    const first = await t.add("first");
    await t.add("second", { dependsOn: [first.id] });
    await t.engine.runAll();
    expect((await t.engine.list()).map((task) => task.status)).toEqual(["failed", "blocked"]);
  });
});

describe("pause, resume, stop, cancel", () => {
  async function running(title = "write"): Promise<{ task: Task; finished: Promise<Task> }> {
    t.world.onTurn = () => undefined;
    const task = await t.add(title);
    const { finished } = await t.engine.run(task.id);
    await t.turn();
    return { task, finished };
  }

  test("pause holds the turn, frees the slot and resume lets it go on", async () => {
    const { task, finished } = await running();
    const turn = await t.turn();
    await t.engine.pause(task.id);
    expect(turn.gate.isClosed).toBe(true);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(t.engine.hasFreeSlot).toBe(true);
    turn.finish(); // Goose ends while the task is paused: nothing is committed before the resume
    await expect(t.engine.pause(task.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    expect(t.world.gitCalls).not.toContain("commitAndPush");
    await t.engine.resume(task.id);
    expect(await finished).toMatchObject({ status: "done" });
    expect(t.published(task)).toEqual(expect.arrayContaining(["paused", "resumed", "completed"]));
  });

  test("stop ends the attempt and keeps its work on the branch", async () => {
    const kept: string[] = [];
    t.world.git = { cleanup: (_leased, _workspace, keep) => Promise.resolve(kept.push(keep)).then(() => ({ savedAs: "tm/write" })) };
    const { task } = await running();
    await t.engine.stop(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "stopped" });
    expect(kept).toEqual(["branch"]);
    expect((await t.turn()).cancelReasons).toHaveLength(1);
    await t.engine.startAgain(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "todo" });
    await t.engine.cancel(task.id);
    await expect(t.engine.startAgain(task.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    await t.engine.retry(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "todo" });
  });

  test("cancel gives the task up; its work is kept under a ref", async () => {
    const kept: string[] = [];
    t.world.git = { cleanup: (_leased, _workspace, keep) => Promise.resolve(kept.push(keep)).then(() => ({})) };
    const { task } = await running();
    await t.engine.pause(task.id);
    await t.engine.cancel(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "cancelled" });
    expect(kept).toEqual(["ref"]);
  });

  test("a ready task can be cancelled, a done one cannot", async () => {
    const task = await t.add("a");
    await t.engine.cancel(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "cancelled" });
    const done = await runToEnd(t, await t.add("b"));
    await expect(t.engine.cancel(done.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
  });

  test("closing keeps the place; the next engine resumes the same session without the task text", async () => {
    using folder = createTempDir("engine-");
    const one = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "one" });
    one.world.onTurn = (turn) => turn.observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId: "s1" } }]);
    await one.engine.start();
    const task = await one.add("write");
    const { finished } = await one.engine.run(task.id);
    await waitFor(async () => (await one.engine.attempts(task.id))[0]?.sessionId === "s1", { what: "the session's id" });
    await one.close();
    expect(await finished).toMatchObject({ status: "paused" });
    expect(one.world.gitCalls).not.toContain("cleanup");

    const two = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "two" });
    await two.engine.start();
    two.world.onTurn = () => undefined;
    await two.engine.resume(task.id);
    const turn = await two.turn();
    expect(turn.prompt).toMatchObject({ sessionId: "s1" });
    expect(turn.prompt.text).not.toContain("write");
    expect(turn.leased.continues?.workspace).toMatchObject({ worktree: `/worktrees/${task.id}` });
    turn.finish();
    await waitFor(async () => (await two.engine.get(task.id)).status === "done", { what: "the end" });
    expect(await two.engine.attempts(task.id)).toHaveLength(1);
    await two.close();
  });

  test("the task of a process that has ended is paused long before its lease runs out", async () => {
    const task = await t.add("write");
    const row = await t.engine.get(task.id);
    await t.store.commit({
      task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease: { owner: "dead", token: 1, expiresAt: t.clock.now() + 60_000 } },
      events: [],
    });
    t.world.goneOwners = ["dead"];
    t.clock.advance(11_000);
    await waitFor(async () => (await t.engine.get(task.id)).status === "paused", { what: "the reclaim" });
    expect((await t.engine.get(task.id)).lease).toBeUndefined();
  });

  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("a request to %s that its owner did not live to hear is carried out by others", async (request, status) => {
    const task = await t.add("write");
    const row = await t.engine.get(task.id);
    const lease = { owner: "dying", token: 1, expiresAt: t.clock.now() + 60_000 };
    await t.store.commit({ task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease }, events: [] });
    await t.engine[request](task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "in_progress", request });
    t.world.goneOwners = ["dying"];
    t.clock.advance(11_000);
    await waitFor(async () => (await t.engine.get(task.id)).status === status, { what: `the task to be ${status}` });
  });

  test("the task of a dead owner is paused when its lease has run out", async () => {
    const task = await t.add("write");
    const row = await t.engine.get(task.id);
    await t.store.commit({
      task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease: { owner: "dead", token: 1, expiresAt: t.clock.now() + 5_000 } },
      events: [],
    });
    for (const look of ["first", "second"]) {
      t.clock.advance(11_000); // its owner may only have slept
      await waitFor(() => t.clock.pending === 1, { what: `the ${look} look` });
      expect(await t.engine.get(task.id)).toMatchObject({ status: "in_progress" });
    }
    t.clock.advance(11_000);
    await waitFor(async () => (await t.engine.get(task.id)).status === "paused", { what: "the reclaim" });
    expect(t.published(task)).toContain("paused");
  });

  test("a lease that ran out while the machine slept, and is renewed after it, is left alone", async () => {
    const task = await t.add("write");
    const row = await t.engine.get(task.id);
    const lease = { owner: "sleeper", token: 1, expiresAt: t.clock.now() + 5_000 };
    await t.store.commit({ task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease }, events: [] });
    const nine = 9 * 3_600_000;
    t.clock.advance(nine); // everybody wakes up; this engine looks first
    await waitFor(() => t.clock.pending === 1, { what: "the first look" });
    expect(await t.engine.get(task.id)).toMatchObject({ status: "in_progress" });
    expect(await t.store.renewLease(task.id, 1, t.clock.now() + 30_000)).toBe(true);
    t.clock.advance(11_000);
    await waitFor(() => t.clock.pending === 1, { what: "the second look" });
    expect(await t.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "sleeper" } });
  });
});

describe("two processes on one queue", () => {
  test("a request reaches the owner, the change reaches the asker, nothing runs twice", async () => {
    using folder = createTempDir("engine-");
    const database = `${folder.dir}/queue.db`;
    const owner = new TestEngine({ database, owner: "owner" });
    const asker = new TestEngine({ database, owner: "asker" });
    await owner.engine.start();
    await asker.engine.start();
    owner.world.onTurn = () => undefined;
    const task = await owner.add("write");
    const { finished } = await owner.engine.run(task.id);
    const turn = await owner.turn();
    await expect(asker.engine.run(task.id)).rejects.toEqual(withCode("ILLEGAL_TRANSITION"));
    await asker.engine.pause(task.id);
    await waitFor(() => asker.published(task).includes("paused"), { what: "the pause seen by the asker" });
    expect(turn.gate.isClosed).toBe(true);
    await asker.engine.resume(task.id);
    await waitFor(() => asker.published(task).includes("resumed"), { what: "the resume seen by the asker" });
    await asker.engine.stop(task.id);
    expect(await finished).toMatchObject({ status: "stopped" });
    await owner.close();
    await asker.close();
  });

  test("several engines share the tasks without running one twice", async () => {
    using folder = createTempDir("engine-");
    const engines = ["a", "b", "c"].map((owner) => new TestEngine({ database: `${folder.dir}/queue.db`, owner }));
    for (const { engine } of engines) await engine.start();
    for (let i = 0; i < 12; i++) await engines[0]?.add(`task ${i}`);
    const ran = (await Promise.all(engines.map(({ engine }) => engine.runAll()))).flat();
    expect(new Set(ran).size).toBe(12);
    expect(ran).toHaveLength(12);
    for (const engine of engines) await engine.close();
  });
});

test("without trust the queue can be looked at and added to, but nothing is started", async () => {
  t.world.isTrusted = false;
  const task = await t.add("a");
  await expect(t.engine.run(task.id)).rejects.toEqual(withCode("UNTRUSTED"));
  await expect(t.engine.runNext()).rejects.toEqual(withCode("UNTRUSTED"));
  await expect(t.engine.cancel(task.id)).rejects.toEqual(withCode("UNTRUSTED"));
  expect(await t.engine.list()).toMatchObject([{ status: "todo" }]);
  expect(t.world.gitCalls).toEqual([]);
});

test("find takes a unique beginning of an id", async () => {
  const task = await t.add("a");
  expect(await t.engine.find(task.id.slice(0, 6))).toMatchObject({ id: task.id });
  await expect(t.engine.find("")).rejects.toEqual(withCode("TASK_NOT_FOUND"));
  await expect(t.engine.find("'; DROP TABLE tasks")).rejects.toEqual(withCode("TASK_NOT_FOUND"));
});
