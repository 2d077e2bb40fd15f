import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelledError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { TestEngine, type TestWorld } from "../../helpers/testEngine.ts";

let folder: TempDir;
let dead: TestEngine;
let next: TestEngine;
const never = new Promise<never>(() => undefined);

beforeEach(() => {
  folder = createTempDir("recovery-");
  dead = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "dead" });
  next = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "next", clock: dead.clock });
  next.world.goneOwners = ["dead"];
});
afterEach(async () => {
  await next.close();
  await dead.store.close();
  folder.dispose();
});

/** A task whose process goes away at a point from which it never returns. */
async function dieAt(break_: (world: TestWorld) => void, reached: (task: Task) => boolean | Promise<boolean>): Promise<Task> {
  dead.world.onTurn = (turn) => {
    turn.observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId: `session-${turn.leased.task.id}` } }]);
    turn.finish();
  };
  break_(dead.world);
  const task = await dead.add("write");
  await dead.engine.run(task.id);
  await waitFor(() => reached(task), { what: "the point of the crash" });
  return task;
}

const steps = async (engine: TestEngine, task: Task): Promise<unknown> => (await engine.engine.attempts(task.id)).at(-1)?.steps;
const called = (verb: string) => (): boolean => dead.world.gitCalls.includes(verb);

async function resume(task: Task): Promise<Task> {
  await next.engine.start();
  expect(await next.engine.get(task.id)).toMatchObject({ status: "paused" });
  await next.engine.resume(task.id);
  return end(task);
}

async function end(task: Task): Promise<Task> {
  await waitFor(async () => ["done", "failed"].includes((await next.engine.get(task.id)).status), { what: "the end" });
  return next.engine.get(task.id);
}

describe("after a crash", () => {
  test("a process that only looks takes, ends and runs nothing, and hears what others do", async () => {
    const task = await dieAt((world) => (world.git = { cleanup: () => never }), called("cleanup"));
    const looking = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "looking", clock: dead.clock });
    looking.world.goneOwners = ["dead"];
    looking.engine.listen();
    dead.clock.advance(10 * 60_000); // longer than any lease
    // The one that plays dead may still renew its lease with this clock; nobody else may have touched the task.
    expect(await looking.engine.get(task.id)).toMatchObject({ status: "in_progress", fence: 1, lease: { owner: "dead", token: 1 } });
    expect([looking.world.reaped, looking.world.gitCalls, looking.world.turns]).toEqual([[], [], []]);
    await next.engine.start();
    await end(task);
    await waitFor(() => looking.published(task).includes("completed"), { what: "the news of the end" });
    await looking.close();
  });

  test("while the worktree was made, the agent is asked as if nothing had been", async () => {
    const task = await dieAt((world) => (world.git = { branch: () => never }), called("branch"));
    expect(await resume(task)).toMatchObject({ status: "done" });
    expect(next.world.turns[0]?.prompt.sessionId).toBeUndefined();
    expect(await next.engine.attempts(task.id)).toHaveLength(1);
  });

  test("while Goose worked, its session goes on with a neutral prompt", async () => {
    const task = await dieAt(
      (world) => (world.onTurn = (turn) => turn.observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId: "s1" } }])),
      async (queued) => (await dead.engine.attempts(queued.id))[0]?.sessionId === "s1",
    );
    expect(await resume(task)).toMatchObject({ status: "done" });
    expect(next.world.turns[0]?.prompt).toMatchObject({ sessionId: "s1", text: expect.not.stringContaining("write") });
  });

  test("while the work was checked, it is checked again and Goose is not asked", async () => {
    const task = await dieAt((world) => (world.git = { changes: () => never }), called("changes"));
    expect(await resume(task)).toMatchObject({ status: "done", result: { output: "I changed the file." } });
    expect(next.world.turns).toEqual([]);
    expect(next.world.gitCalls).toEqual(["isClean", "branch", "changes", "commitAndPush", "push", "cleanup"]);
  });

  test("while the work was committed, Goose is not asked", async () => {
    const task = await dieAt((world) => (world.git = { commitAndPush: () => never }), called("commitAndPush"));
    expect(await steps(dead, task)).toEqual(["prepared", "session", "agent_finished", "verified"]);
    expect(await resume(task)).toMatchObject({ status: "done" });
    expect(next.world.turns).toEqual([]);
  });

  test("behind the commit, the task is acknowledged without anybody asking for it", async () => {
    const task = await dieAt((world) => (world.git = { cleanup: () => never }), called("cleanup"));
    await next.engine.start();
    expect(await end(task)).toMatchObject({ status: "done", result: { output: "I changed the file.", artifacts: ["a.txt"] } });
    expect(next.world.gitCalls).toEqual(["push", "cleanup"]);
    expect(await next.engine.attempts(task.id)).toMatchObject([{ outcome: "completed", commits: ["c0ffee"], interruptions: 1 }]);
    const events = await next.engine.events(task.id, { limit: 100 });
    expect(events.filter(({ type }) => type === "completed")).toHaveLength(1);
  });

  test("behind the commit, the task is acknowledged also while the queue has stopped: no agent is needed", async () => {
    const task = await dieAt((world) => (world.git = { cleanup: () => never }), called("cleanup"));
    await next.store.replaceState("breaker", undefined, { failures: [], stoppedAt: 1, isCertain: true });
    await next.engine.start();
    expect(await end(task)).toMatchObject({ status: "done" });
    expect((await next.engine.queueStatus()).stop).toBeDefined();
  });

  test("while it was pushed, only that is done again", async () => {
    const task = await dieAt((world) => (world.git = { push: () => never }), called("push"));
    next.world.git = { push: () => Promise.resolve({ pushed: true }) };
    await next.engine.start();
    expect(await end(task)).toMatchObject({ status: "done" });
    expect(next.world.gitCalls).toEqual(["push", "cleanup"]);
    expect(await steps(next, task)).toContain("pushed");
  });

  test("behind the push, it is not pushed again", async () => {
    const task = await dieAt((world) => (world.git = { push: () => Promise.resolve({ pushed: true }), cleanup: () => never }), called("cleanup"));
    await next.engine.start();
    expect(await end(task)).toMatchObject({ status: "done" });
    expect(next.world.gitCalls).toEqual(["cleanup"]);
    expect(await steps(next, task)).toContain("pushed");
  });

  test("or closed behind the commit, the task is acknowledged by the next engine", async () => {
    const task = await dieAt((world) => (world.git = { cleanup: () => never }), called("cleanup"));
    next.world.git = { cleanup: () => new Promise((_resolve, reject) => (closing = () => reject(new Error("the workers are shutting down")))) };
    let closing = (): void => undefined;
    await next.engine.start();
    await waitFor(() => next.world.gitCalls.includes("cleanup"), { what: "the clean-up" });
    const closed = next.engine.stopEngine();
    closing();
    await closed;
    const third = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "third", clock: dead.clock });
    third.world.goneOwners = ["dead", "next"];
    await third.engine.start();
    await waitFor(async () => (await third.engine.get(task.id)).status === "done", { what: "the end" });
    expect(await third.engine.attempts(task.id)).toHaveLength(1);
    await third.close();
  });

  test("while Goose mended its work after a failed check, the earlier answer no longer counts", async () => {
    const failing = [{ command: "npm test", exitCode: 1, outputTail: "red", timedOut: false }];
    const task = await dieAt(
      (world) => {
        const first = world.onTurn;
        world.checks = failing;
        world.onTurn = (turn) => (world.turns.length === 1 ? first(turn) : undefined);
      },
      () => dead.world.turns.length === 2,
    );
    expect(await steps(dead, task)).toEqual(["prepared", "session"]);
    expect(await resume(task)).toMatchObject({ status: "done" });
    expect(next.world.turns).toHaveLength(1);
    expect(next.world.turns[0]?.prompt).toMatchObject({ sessionId: `session-${task.id}`, text: expect.stringContaining("You were interrupted") });
  });

  test("with the worktree gone, Goose is asked again and told so", async () => {
    const task = await dieAt((world) => (world.git = { changes: () => never }), called("changes"));
    next.world.git = { branch: ({ continues }) => Promise.resolve({ ...(continues?.workspace as never as object), isRemade: true } as never) };
    expect(await resume(task)).toMatchObject({ status: "done" });
    expect(next.world.turns[0]?.prompt.text).toContain("not committed are lost");
    const events = await next.engine.events(task.id, { limit: 100 });
    expect(events).toContainEqual(expect.objectContaining({ type: "log", level: "warn", message: expect.stringContaining("worktree was gone") }));
  });

  test("with the session gone, a fresh one is told what the earlier one did", async () => {
    const task = await dieAt(
      (world) =>
        (world.onTurn = (turn) =>
          turn.observer.onEvents?.([
            { type: "checkpoint", step: "session", data: { sessionId: "s1" } },
            { type: "tool_call", call: { toolCallId: "1", title: "write a.txt", status: "in_progress" } },
            { type: "tool_call", call: { toolCallId: "1", status: "completed" } },
            { type: "message", role: "agent", messageId: "m", text: "Half of it " },
            { type: "message", role: "agent", messageId: "m", text: "is there." },
          ])),
      async (queued) => (await dead.engine.events(queued.id, { limit: 100 })).some(({ type }) => type === "message"),
    );
    const { TaskMasterError } = await import("../../../src/model/errors.ts");
    next.world.onTurn = (turn) => (next.world.turns.length === 1 ? turn.fail(new TaskMasterError("GOOSE_SESSION_LOST", "gone")) : turn.finish());
    expect(await resume(task)).toMatchObject({ status: "done" });
    expect(next.world.turns[1]?.prompt.sessionId).toBeUndefined();
    expect(next.world.turns[1]?.prompt.text).toMatch(/- write a\.txt \(completed\)[^]*Half of it is there\./);
  });

  test("an attempt that goes on is handed to its agent with what it has used, as of now", async () => {
    const usageOffset = { inputTokens: -5, outputTokens: 0, costUsd: 0 };
    const used = { inputTokens: 70, outputTokens: 7, contextUsed: 12 };
    const task = await dieAt(
      (world) =>
        (world.onTurn = (turn) =>
          turn.observer.onEvents?.([
            { type: "checkpoint", step: "session", data: { sessionId: "s1", usageOffset } },
            { type: "usage", usage: used },
          ])),
      async (queued) => (await dead.engine.attempts(queued.id))[0]?.usage.inputTokens === 70,
    );
    next.world.checks = [{ command: "npm test", exitCode: 1, outputTail: "red", timedOut: false }];
    next.world.onTurn = (turn) => {
      if (next.world.turns.length === 2) next.world.checks = [];
      turn.observer.onEvents?.([{ type: "usage", usage: { ...used, inputTokens: 100 } }]);
      turn.finish();
    };
    expect(await resume(task)).toMatchObject({ status: "done" });
    const attempts = next.world.turns.map(({ leased }) => leased.attempt);
    expect(attempts).toMatchObject([
      { number: 1, sessionId: "s1", usage: used, usageOffset },
      { number: 1, usage: { inputTokens: 100 }, usageOffset },
    ]);
    expect((await next.engine.attempts(task.id))[0]).toMatchObject({ usage: { inputTokens: 100, outputTokens: 7 }, usageOffset });
  });

  test("what the dead process left running is ended first, and the journal says it in one line", async () => {
    const task = await dieAt(
      (world) => (world.onTurn = () => undefined),
      () => dead.world.turns.length === 1,
    );
    next.world.leftovers = 2;
    await next.engine.start();
    expect(next.world.reaped).toEqual([`${task.id}-1`]);
    const last = (await next.engine.events(task.id, { limit: 100 })).at(-1);
    expect(last).toMatchObject({
      type: "paused",
      isInterrupted: true,
      reason: expect.stringMatching(/process that ran the task is gone.*worktree was ready.*2 processes.*were ended.*Resume/),
    });
  });

  test("a task whose rows are damaged keeps nobody from starting", async () => {
    const good = await dieAt(
      (world) => (world.onTurn = () => undefined),
      () => dead.world.turns.length === 1,
    );
    const bad = await dead.add("bad");
    await dead.engine.run(bad.id);
    await waitFor(() => dead.world.turns.length === 2, { what: "the second turn" });
    dead.database.prepare("UPDATE attempts SET body = '{' WHERE task_id = ?").run(bad.id);
    await next.engine.start();
    expect(await next.engine.get(good.id)).toMatchObject({ status: "paused" });
    expect(next.world.logged).toContainEqual(expect.stringContaining("could not be put right"));
  });

  test("a late writer is rejected", async () => {
    const task = await dieAt(
      (world) => (world.onTurn = () => undefined),
      () => dead.world.turns.length === 1,
    );
    expect(await resume(task)).toMatchObject({ status: "done" });
    const before = await next.engine.events(task.id, { limit: 100 });
    dead.world.turns[0]?.finish("Late.");
    await waitFor(() => dead.engine.running.length === 0, { what: "the late run to end" });
    expect(await next.engine.events(task.id, { limit: 100 })).toEqual(before);
    expect(dead.world.gitCalls).toEqual(["isClean", "branch"]);
  });
});

describe("tasks that go on by themselves", () => {
  const interrupted = (): Promise<Task> =>
    dieAt(
      (world) => (world.onTurn = () => undefined),
      () => dead.world.turns.length === 1,
    );

  test("when the setting says so", async () => {
    const task = await interrupted();
    next.world.settings = { ...next.world.settings, afterInterruption: "resume" };
    await next.engine.start();
    expect(await end(task)).toMatchObject({ status: "done", attempts: 1 });
  });

  test("not in a repository that is not trusted", async () => {
    const task = await interrupted();
    next.world.settings = { ...next.world.settings, afterInterruption: "resume" };
    next.world.isTrusted = false;
    await next.engine.start();
    expect(await next.engine.get(task.id)).toMatchObject({ status: "paused" });
    expect(next.world.turns).toEqual([]);
  });

  test("not while the queue has stopped", async () => {
    const task = await interrupted();
    const failure = { taskId: task.id, title: "a", code: "GOOSE_NOT_FOUND", message: "no goose", at: 1 };
    await next.store.replaceState("breaker", undefined, { failures: [failure], stoppedAt: 1, isCertain: true });
    next.world.settings = { ...next.world.settings, afterInterruption: "resume" };
    await next.engine.start();
    await waitFor(() => next.world.logged.some((line) => line.includes("stays paused")), { what: "the refusal" });
    expect(await next.engine.get(task.id)).toMatchObject({ status: "paused" });
    await next.engine.resume(task.id); // a person may
    expect(await end(task)).toMatchObject({ status: "done" });
  });

  test("not for ever: a task that ends its process again and again waits for the user", async () => {
    const task = await interrupted();
    const engines: TestEngine[] = [];
    for (let round = 0; round < 4; round++) {
      const engine = new TestEngine({ database: `${folder.dir}/queue.db`, owner: `dead-${round}`, clock: dead.clock });
      engines.push(engine);
      engine.world.settings = { ...engine.world.settings, afterInterruption: "resume" };
      engine.world.goneOwners = ["dead", ...engines.map((_each, index) => `dead-${index}`).slice(0, -1)];
      engine.world.onTurn = () => undefined;
      await engine.engine.start();
      if (round < 3) await waitFor(() => engine.world.turns.length === 1, { what: `the task to go on, round ${round}` });
    }
    // Whatever was to go on by itself has begun before a task that is run after it has ended.
    const last = engines[3] as TestEngine;
    last.world.onTurn = (turn) => turn.finish();
    await (
      await last.engine.run((await last.add("another")).id)
    ).finished;
    const turnsOf = ({ world }: TestEngine): number => world.turns.filter(({ leased }) => leased.task.id === task.id).length;
    expect(engines.map(turnsOf)).toEqual([1, 1, 1, 0]);
    expect(await next.engine.get(task.id)).toMatchObject({ status: "paused" });
    for (const { store } of engines) await store.close();
  });

  test("as many at once as there are slots, the rest as slots become free", async () => {
    dead.world.onTurn = () => undefined;
    dead.world.settings = { ...dead.world.settings, poolSize: 3 };
    const tasks = [await dead.add("one"), await dead.add("two"), await dead.add("three")];
    for (const task of tasks) await dead.engine.run(task.id);
    await waitFor(() => dead.world.turns.length === 3, { what: "three turns" });
    next.world.settings = { ...next.world.settings, afterInterruption: "resume", poolSize: 1 };
    next.world.onTurn = () => undefined;
    await next.engine.start();
    const [first] = [await next.turn(0)];
    expect(next.engine.running).toHaveLength(1);
    first.finish();
    (await next.turn(1)).finish();
    (await next.turn(2)).fail(cancelledError("enough"));
    await waitFor(() => next.engine.running.length === 0, { what: "the end of all" });
    expect((await next.engine.list()).map(({ status }) => status).sort()).toEqual(["done", "done", "failed"]);
  });
});
