import { describe, expect, test } from "vitest";
import * as machine from "../../../src/engine/taskMachine.ts";
import type { TaskMasterError } from "../../../src/model/errors.ts";
import { lastAttempt, taskStatuses, type Task, type TaskStatus } from "../../../src/model/task.ts";
import { makeTask } from "../../../src/engine/newTask.ts";

const now = 1_000;
const lease = { owner: "me", expiresAt: 2_000 };
const result = { output: "", metrics: { startedAt: 0, endedAt: now, durationMs: now }, artifacts: [] };

function taskIn(status: TaskStatus): Task {
  const task = makeTask({ title: "t" }, { now: 0, random: Math.random, repository: "/r", maxAttempts: 1 });
  return { ...task, status, ...(status === "in_progress" || status === "paused" ? { attempts: 1, fence: 1, lease: { ...lease, token: 1 } } : {}) };
}

/** product.md section 2, row by row: transition -> from -> to. */
const table: Record<machine.TaskTransition, Partial<Record<TaskStatus, TaskStatus>>> = {
  claim: { todo: "in_progress" },
  pause: { in_progress: "paused" },
  resume: { paused: "in_progress" },
  stop: { in_progress: "stopped", paused: "stopped" },
  complete: { in_progress: "done" },
  fail: { in_progress: "failed", paused: "failed" },
  lose: { in_progress: "paused", paused: "paused" },
  start: { stopped: "todo" },
  requeue: { stopped: "todo", failed: "todo", cancelled: "todo" },
  cancel: { todo: "cancelled", blocked: "cancelled", in_progress: "cancelled", paused: "cancelled", stopped: "cancelled", failed: "cancelled" },
  unblock: { blocked: "todo" },
  followUp: { done: "todo", failed: "todo", stopped: "todo", cancelled: "todo" },
};

const apply: Record<machine.TaskTransition, (task: Task) => Task> = {
  claim: (task) => machine.claim(task, lease, now),
  pause: (task) => machine.pause(task, now),
  resume: (task) => machine.resume(task, now),
  stop: (task) => machine.stop(task, now),
  complete: (task) => machine.complete(task, result, now),
  fail: (task) => machine.fail(task, result, { now }),
  lose: (task) => machine.lose(task, now),
  start: (task) => machine.start(task, now),
  requeue: (task) => machine.requeue(task, now),
  cancel: (task) => machine.cancel(task, now),
  unblock: (task) => machine.unblock(task, now),
  followUp: (task) => machine.followUp(task, now),
};

describe.each(Object.keys(table) as machine.TaskTransition[])("%s", (transition) => {
  test.each(taskStatuses)("from %s", (status) => {
    const expected = table[transition][status];
    if (expected === undefined) {
      expect(() => apply[transition](taskIn(status))).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }) as TaskMasterError);
    } else {
      expect(apply[transition](taskIn(status)).status).toBe(expected);
    }
  });
});

test("a claim starts an attempt under a higher token and clears what is over", () => {
  const task = { ...taskIn("todo"), fence: 4, attempts: 2, notBefore: 5 };
  const claimed = machine.claim(task, lease, now);
  expect(claimed).toMatchObject({ attempts: 3, fence: 5, lease: { owner: "me", token: 5, expiresAt: 2_000 } });
  expect(claimed.notBefore).toBeUndefined();
});

test("taking over keeps the attempt and raises the token", () => {
  expect(machine.takeOver(taskIn("paused"), lease, now)).toMatchObject({ status: "in_progress", attempts: 1, fence: 2, lease: { token: 2 } });
});

test("a failure that may be tried again goes back to the queue with its time", () => {
  expect(machine.fail(taskIn("in_progress"), result, { now, retry: { at: 9_000, isFree: false } })).toMatchObject({ status: "todo", notBefore: 9_000 });
});

test("a free retry costs no try", () => {
  const failed = machine.fail({ ...taskIn("in_progress"), freeAttempts: 1 }, result, { now, retry: { at: 9_000, isFree: true } });
  expect(failed).toMatchObject({ status: "todo", notBefore: 9_000, freeAttempts: 2 });
});

test("a requeue gives all tries anew", () => {
  const failed = { ...taskIn("failed"), attempts: 3, maxAttempts: 3 };
  const requeued = machine.requeue(failed, now);
  expect(requeued).toMatchObject({ status: "todo", attempts: 3, maxAttempts: 3, freeAttempts: 3 });
  expect(lastAttempt(requeued)).toBe(6);
});

test.each(["stop", "complete", "fail", "cancel"] as const)("%s gives the lease back", (transition) => {
  expect(apply[transition](taskIn("in_progress")).lease).toBeUndefined();
});

test("what goes back into the queue begins at nothing, with all its tries and its whole budget", () => {
  const task = { ...taskIn("failed"), attempts: 3, result, progress: { percent: 50, message: "half" }, allowances: { tokens: 1 }, notBefore: 5 } as Task;
  for (const again of [machine.requeue(task, now), machine.followUp(task, now)]) {
    expect(again).toMatchObject({ freeAttempts: 3, budgetFrom: 4, progress: { percent: 0, message: "" }, updatedAt: now });
    expect(again).not.toHaveProperty("notBefore");
    expect(again).not.toHaveProperty("result");
  }
  expect(machine.requeue(task, now)).not.toHaveProperty("allowances");
  expect(machine.followUp(task, now)).toHaveProperty("allowances");
});

test("the result of work that was done stays through follow-ups, whatever becomes of them", () => {
  const followed = machine.followUp({ ...taskIn("done"), result }, now);
  expect(followed).toMatchObject({ followsUp: true, wasDone: true, result });
  const again = machine.requeue({ ...followed, status: "failed" }, now);
  expect(again).toMatchObject({ wasDone: true, result });
  expect(again).not.toHaveProperty("followsUp");
  expect(machine.followUp(taskIn("stopped"), now)).not.toHaveProperty("wasDone");
});

test("a task whose owner is gone waits without its question, but keeps what else needs the user", () => {
  const asking = { ...taskIn("in_progress"), attention: { why: "x", question: {} } } as unknown as Task;
  expect(machine.lose(asking, now)).not.toHaveProperty("attention");
  const held = { ...taskIn("in_progress"), attention: { why: "x" } } as unknown as Task;
  expect(machine.lose(held, now)).toMatchObject({ status: "paused", attention: { why: "x" }, updatedAt: now });
});

test("only a task that somebody holds can be seized", () => {
  expect(machine.seize(taskIn("in_progress"), lease)).toMatchObject({ status: "in_progress", fence: 2, lease: { owner: "me", token: 2 } });
  expect(() => machine.seize(taskIn("todo"), lease)).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }) as TaskMasterError);
});

test("a hastened task has no time to wait for any more", () => {
  expect(machine.hasten({ ...taskIn("todo"), notBefore: 9_000 }, now)).toEqual({ ...taskIn("todo"), id: expect.anything() as Task["id"], updatedAt: now });
});

test("a refused step says what would be possible, each thing once", () => {
  const refusal = (status: TaskStatus): string => {
    try {
      return machine.pause(taskIn(status), now).status;
    } catch (thrown) {
      return (thrown as TaskMasterError).message.replace(/^.*Possible now: /, "");
    }
  };
  expect(Object.fromEntries(taskStatuses.map((status) => [status, refusal(status)]))).toMatchObject({
    stopped: expect.not.stringContaining("start") as string,
  });
  for (const status of ["todo", "stopped", "failed", "cancelled"] as const) {
    expect(refusal(status), status).toMatch(/^\w+(, \w+)*\.$/);
    expect(refusal(status), status).not.toBe("nothing.");
  }
});
