/** One run: where wishes arrive while it works, waits or is about to be recorded. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { obeyRequests, type TaskRun } from "../../../src/engine/taskRun.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task, TaskRequest } from "../../../src/model/task.ts";
import type { TaskEvent } from "../../../src/model/taskEvent.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
beforeEach(() => {
  t = new TestEngine();
  t.world.onTurn = () => undefined;
});
afterEach(() => t.close());

async function running(): Promise<{ task: Task; finished: Promise<Task> }> {
  const task = await t.add("write");
  const { finished } = await t.engine.run(task.id);
  await t.turn(t.world.turns.length);
  return { task, finished };
}

const status = async ({ id }: Task): Promise<string> => (await t.engine.get(id)).status;
const reasons = async ({ id }: Task): Promise<unknown[]> =>
  (await t.engine.events(id, { limit: 100 })).flatMap((event) => ("reason" in event ? [[event.type, event.reason]] : []));
const called = (verb: string): Promise<unknown> => waitFor(() => t.world.gitCalls.includes(verb), { what: verb });

describe("while its work is pushed", () => {
  let push: PromiseWithResolvers<{ pushed: false }>;
  beforeEach(() => {
    push = Promise.withResolvers();
    t.world.git = { push: () => push.promise };
  });

  test("a pause holds the run there, and it is done when it is resumed", async () => {
    const { task, finished } = await running();
    t.world.turns[0]?.finish();
    await called("push");
    await t.engine.pause(task.id);
    push.resolve({ pushed: false });
    await called("cleanup");
    expect(await status(task)).toBe("paused");
    await t.engine.resume(task.id);
    expect(await finished).toMatchObject({ status: "done" });
    expect(await reasons(task)).toEqual([["paused", "Paused by the user."]]);
  });

  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("a %s of a run that is held there ends it", async (wish, outcome) => {
    const { task, finished } = await running();
    t.world.turns[0]?.finish();
    await called("push");
    await t.engine.pause(task.id);
    push.resolve({ pushed: false });
    await called("cleanup");
    await t.engine[wish](task.id);
    expect(await finished).toMatchObject({ status: outcome });
  });
});

describe("at the moment when it is recorded as done", () => {
  /** Something happens between the last look at the gate and the write. */
  function meanwhile(happens: () => Promise<unknown>): void {
    const states = t.store.states.bind(t.store);
    t.store.states = async () => {
      t.store.states = states;
      await happens();
      return states();
    };
  }

  test("a pause holds it, and it is done when it is resumed", async () => {
    const { task, finished } = await running();
    t.world.git = { cleanup: () => (meanwhile(() => t.engine.pause(task.id)), Promise.resolve({})) };
    t.world.turns[0]?.finish();
    await waitFor(async () => (await status(task)) === "paused", { what: "the pause" });
    await t.engine.resume(task.id);
    expect(await finished).toMatchObject({ status: "done" });
    expect(t.published(task).filter((type) => type === "completed")).toHaveLength(1);
  });

  test("a stop comes too late, and says so", async () => {
    const { task, finished } = await running();
    let stopped: Promise<unknown> | undefined;
    const stop = (): Promise<void> => {
      stopped = t.engine.stop(task.id).catch(({ code }: { code: string }) => code);
      return Promise.resolve();
    };
    t.world.git = { cleanup: () => (meanwhile(stop), Promise.resolve({})) };
    t.world.turns[0]?.finish();
    expect(await finished).toMatchObject({ status: "done" });
    expect(await stopped).toBe("ILLEGAL_TRANSITION");
  });
});

test("what git and the checks have to tell is in the journal of the attempt; that it cannot be written ends nothing", async () => {
  const say = (text: string) => [{ type: "log", level: "warn", message: text } as const];
  t.world.git = {
    changes: (_leased, _workspace, { onEvents }) => {
      const append = t.store.append.bind(t.store);
      t.store.append = () => ((t.store.append = append), Promise.reject(new Error("locked")));
      for (const text of ["lost", "a file was left out"]) onEvents?.(say(text));
      return Promise.resolve(["a.txt"]);
    },
  };
  const { task, finished } = await running();
  t.world.turns[0]?.finish();
  expect(await finished).toMatchObject({ status: "done" });
  const told = (await t.engine.events(task.id, { limit: 100 })).flatMap((event) => (event.type === "log" ? [[event.message, event.attempt]] : []));
  expect(told).toEqual([["a file was left out", 1]]);
});

describe("a pause", () => {
  test("that comes too late lets the run go on", async () => {
    const { task, finished } = await running();
    const row = await t.engine.get(task.id);
    await t.store.commit({ task: { ...row, status: "paused" }, events: [] });
    await expect(t.engine.pause(task.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    expect(t.world.turns[0]?.gate.isClosed).toBe(false);
    expect(t.engine.hasFreeSlot).toBe(true); // one of two
    await t.store.commit({ task: { ...(await t.engine.get(task.id)), status: "in_progress" }, events: [] });
    t.world.turns[0]?.finish();
    expect(await finished).toMatchObject({ status: "done" });
  });

  test("and the resume after it say who, and let the agent stop and go on", async () => {
    const { task } = await running();
    await t.engine.pause(task.id);
    await t.engine.resume(task.id);
    expect(t.world.turns[0]?.gate.isClosed).toBe(false);
    expect(await t.engine.events(task.id, { limit: 100 })).toContainEqual(expect.objectContaining({ type: "resumed", owner: "test" }));
    await expect(t.engine.resume(task.id)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
  });

  test("before the check of the work holds that, too", async () => {
    const { task, finished } = await running();
    await t.engine.pause(task.id);
    t.world.turns[0]?.finish();
    await waitFor(async () => (await t.engine.attempts(task.id))[0]?.steps.includes("agent_finished"), { what: "the end of the turn" });
    expect(t.world.gitCalls).not.toContain("changes");
    await t.engine.resume(task.id);
    expect(await finished).toMatchObject({ status: "done" });
  });
});

describe("a wish from another process", () => {
  let folder: TempDir;
  let there: TestEngine;
  beforeEach(async () => {
    folder = createTempDir("task-run-");
    await t.close();
    t = new TestEngine({ database: `${folder.dir}/queue.db` });
    there = new TestEngine({ database: `${folder.dir}/queue.db`, owner: "there", clock: t.clock });
    t.world.onTurn = () => undefined;
    for (const { engine } of [t, there]) await engine.start();
  });
  afterEach(async () => {
    await there.close();
    await t.close();
    folder.dispose();
  });

  test.each([
    ["pause", "paused", "Paused by the user from another window or terminal."],
    ["stop", "stopped", "Stopped by the user from another window or terminal."],
    ["cancel", "cancelled", "Cancelled by the user from another window or terminal."],
  ] as const)("to %s is obeyed, and says where it came from", async (wish, outcome, reason) => {
    const { task } = await running();
    await there.engine[wish](task.id);
    await waitFor(async () => (await status(task)) === outcome, { what: outcome });
    expect(await reasons(task)).toEqual([[outcome, reason]]);
  });
});

describe("what was asked for elsewhere", () => {
  const event = (id: string, more: object): TaskEvent => ({ taskId: id as TaskId, ...more }) as unknown as TaskEvent;
  const requested = (id: string, request: TaskRequest): TaskEvent => event(id, { type: "requested", request });

  test("reaches the run of its task alone, in order, and one that comes too late keeps the others from nothing", async () => {
    const obeyed: string[] = [];
    let warnings = 0;
    const runOf = (name: string): TaskRun =>
      ({
        obey: (request: TaskRequest) => {
          obeyed.push(`${name}: ${request}`);
          return request === "pause" ? Promise.reject(new TaskMasterError("ILLEGAL_TRANSITION", "late")) : Promise.resolve();
        },
      }) as unknown as TaskRun;
    const runs = new Map([
      ["a" as TaskId, runOf("a")],
      ["b" as TaskId, runOf("b")],
    ]);
    const events = [
      requested("a", "pause"),
      requested("none", "stop"),
      event("a", { type: "paused", request: "stop" }),
      requested("b", "stop"),
      requested("a", "resume"),
    ];
    await obeyRequests(events, runs, { ...t.deps.log, warn: () => void warnings++ });
    expect(obeyed).toEqual(["a: pause", "b: stop", "a: resume"]);
    expect(warnings).toBe(1);
  });
});

describe("when the process is about to end", () => {
  test("an attempt that had failed before is recorded as that, not as interrupted", async () => {
    const cleaning = Promise.withResolvers<object>();
    t.world.git = { cleanup: () => cleaning.promise };
    const { task, finished } = await running();
    t.world.turns[0]?.fail(new TaskMasterError("GOOSE_REFUSED", "no"));
    await called("cleanup");
    const stopping = t.engine.stopEngine();
    cleaning.resolve({});
    await stopping;
    expect(await finished).toMatchObject({ status: "failed" });
    expect((await t.store.get(task.id))?.result?.error?.code).toBe("GOOSE_REFUSED");
  });

  test("one that works keeps its place, with the words that say what to do", async () => {
    const { task, finished } = await running();
    await t.engine.stopEngine();
    expect(await finished).toMatchObject({ status: "paused" });
    expect(await t.store.events(task.id, { limit: 100 })).toContainEqual(
      expect.objectContaining({ type: "paused", isInterrupted: true, reason: expect.stringContaining("Resume to go on") as string }),
    );
  });
});

describe("when the queue cannot be used any more", () => {
  test("the run ends with the task as it was last known", async () => {
    const { task, finished } = await running();
    t.store.get = () => Promise.reject(new TaskMasterError("STORE_CORRUPT", "damaged"));
    t.world.turns[0]?.finish();
    expect(await finished).toMatchObject({ id: task.id, status: "in_progress", attempts: 1 });
    expect(t.engine.running).toEqual([]);
    expect(t.clock.pending).toBe(0); // the lease is not renewed any more
  });

  test("a step that cannot be recorded is a failure of the attempt", async () => {
    const { finished } = await running();
    const attempts = t.store.attempts.bind(t.store);
    t.store.attempts = () => {
      t.store.attempts = attempts;
      return Promise.reject(new TaskMasterError("STORE_CORRUPT", "one damaged row"));
    };
    t.world.turns[0]?.finish();
    expect(await finished).toMatchObject({ status: "failed", result: { error: { code: "STORE_CORRUPT" } } });
  });
});
