/**
 * The state machine of a task: the only place that decides which status follows which (product.md section 2).
 *
 *   todo ──claim──> in_progress ──complete──> done
 *   todo ──block──> blocked ──unblock──> todo          (unblock happens in the store, with the completion that causes it)
 *   in_progress ──pause──> paused ──resume──> in_progress
 *   in_progress, paused ──stop──> stopped
 *   in_progress, paused ──fail──> failed, or todo with `notBefore` when it may be tried again
 *   in_progress ──lose (owner dead)──> paused           (the place is kept; the attempt stays counted)
 *   stopped ──start──> todo or blocked
 *   stopped, failed, cancelled ──requeue──> todo or blocked
 *   done, failed, stopped, cancelled ──follow up──> todo or blocked   (the user has more to say)
 *   any but done ──cancel──> cancelled
 *
 * Every function takes the task as it is stored and gives the whole row as it shall be; an illegal step throws
 * ILLEGAL_TRANSITION and changes nothing.
 */
import { TaskMasterError } from "../model/errors.ts";
import type { Lease, Task, TaskResult, TaskStatus } from "../model/task.ts";
import { legalActions, mayChangeDependencies, statusWords } from "../model/taskActions.ts";

export type TaskTransition = "claim" | "pause" | "resume" | "stop" | "complete" | "fail" | "lose" | "start" | "requeue" | "cancel" | "unblock" | "followUp";

const legalFrom: { readonly [T in TaskTransition]: readonly TaskStatus[] } = {
  claim: ["todo"],
  pause: ["in_progress"],
  resume: ["paused"],
  stop: ["in_progress", "paused"],
  complete: ["in_progress"],
  fail: ["in_progress", "paused"],
  lose: ["in_progress", "paused"],
  start: ["stopped"],
  requeue: ["stopped", "failed", "cancelled"],
  cancel: ["todo", "blocked", "in_progress", "paused", "stopped", "failed"],
  unblock: ["blocked"],
  followUp: ["done", "failed", "stopped", "cancelled"],
};

/** What is done to the task, in the words of a person. */
const participles: { readonly [T in TaskTransition]: string } = {
  claim: "run",
  pause: "paused",
  resume: "resumed",
  stop: "stopped",
  complete: "completed",
  fail: "recorded as failed",
  lose: "given up by its process",
  start: "started again",
  requeue: "put back into the queue",
  cancel: "cancelled",
  unblock: "unblocked",
  followUp: "followed up",
};

/** Whether the step is legal in this status. */
export function isLegal(status: TaskStatus, transition: TaskTransition): boolean {
  return legalFrom[transition].includes(status);
}

/** Throws ILLEGAL_TRANSITION, saying what would be legal, unless the step is. */
export function assertLegal(task: Task, transition: TaskTransition): void {
  if (!isLegal(task.status, transition)) throw illegal(task, participles[transition]);
}

/** Throws ILLEGAL_TRANSITION unless nobody works on the task. */
export function assertRemovable(task: Task): void {
  if (!legalActions(task.status).includes("remove")) throw illegal(task, "removed");
}

/** Throws ILLEGAL_TRANSITION where other dependencies would come too late. */
export function assertDependenciesMayChange(task: Task): void {
  if (!mayChangeDependencies(task.status)) throw illegal(task, "given other dependencies");
}

function illegal(task: Task, participle: string): TaskMasterError {
  const possible =
    legalActions(task.status)
      .filter((action) => action !== "start") // of a stopped task the same as retry
      .join(", ") || "nothing";
  return new TaskMasterError("ILLEGAL_TRANSITION", `Task ${task.id} is ${statusWords[task.status]}: it cannot be ${participle}. Possible now: ${possible}.`);
}

/** Removes optional fields from a row. */
function without<K extends keyof Task>(task: Task, ...fields: readonly K[]): Omit<Task, K> {
  const copy: Partial<Task> = { ...task };
  for (const field of fields) delete copy[field];
  return copy as Omit<Task, K>;
}

type NewLease = { readonly owner: string; readonly expiresAt: number };

function nextLease(task: Task, lease: NewLease): { fence: number; lease: Lease } {
  const token = task.fence + 1;
  return { fence: token, lease: { ...lease, token } };
}

/** blocked -> todo: its dependencies turned out to be done. (With the completion that causes it, the store does it.) */
export function unblock(task: Task, now: number): Task {
  assertLegal(task, "unblock");
  return { ...task, status: "todo", updatedAt: now };
}

/** todo -> in_progress: a new attempt under a new lease. */
export function claim(task: Task, lease: NewLease, now: number): Task {
  assertLegal(task, "claim");
  return {
    ...without(task, "notBefore", "request", "attention"),
    ...nextLease(task, lease),
    status: "in_progress",
    attempts: task.attempts + 1,
    progress: { percent: 0, message: "starting" },
    updatedAt: now,
  };
}

/** in_progress -> paused under the same lease: its holder keeps the place. */
export function pause(task: Task, now: number): Task {
  assertLegal(task, "pause");
  return { ...without(task, "request"), status: "paused", updatedAt: now };
}

/** paused -> in_progress under the lease that holds it. */
export function resume(task: Task, now: number): Task {
  assertLegal(task, "resume");
  return { ...without(task, "request"), status: "in_progress", updatedAt: now };
}

/** paused -> in_progress by a new owner, because the one that held the place is gone. The attempt goes on. */
export function takeOver(task: Task, lease: NewLease, now: number): Task {
  assertLegal(task, "resume");
  return { ...without(task, "request", "attention"), ...nextLease(task, lease), status: "in_progress", updatedAt: now };
}

/** in_progress | paused -> stopped: the attempt has ended, its work is kept. */
export function stop(task: Task, now: number): Task {
  assertLegal(task, "stop");
  return { ...without(task, "lease", "request", "attention"), status: "stopped", updatedAt: now };
}

/** in_progress -> done. */
export function complete(task: Task, result: TaskResult, now: number): Task {
  assertLegal(task, "complete");
  return {
    ...without(task, "lease", "request", "attention", "heard", "followsUp", "wasDone"),
    status: "done",
    progress: { percent: 100, message: "done" },
    result,
    updatedAt: now,
  };
}

/** in_progress | paused -> failed, or todo again when there is a `retry`; a free one costs the task no try. */
export function fail(
  task: Task,
  result: TaskResult,
  { now, retry }: { readonly now: number; readonly retry?: { readonly at: number; readonly isFree: boolean } | undefined },
): Task {
  assertLegal(task, "fail");
  const row = { ...without(task, "lease", "request", "attention"), result, updatedAt: now };
  if (retry === undefined) return { ...row, status: "failed" };
  return { ...row, status: "todo", notBefore: retry.at, ...(retry.isFree ? { freeAttempts: (task.freeAttempts ?? 0) + 1 } : {}) };
}

/** A task that waits for its next try may be tried now; its tries and what became of the last one stay. */
export function hasten(task: Task, now: number): Task {
  return { ...without(task, "notBefore"), updatedAt: now };
}

/** The same status under a new lease: whoever held the old one is shut out while what it left is put in order. */
export function seize(task: Task, lease: NewLease): Task {
  assertLegal(task, "lose");
  return { ...task, ...nextLease(task, lease) };
}

/** in_progress | paused -> paused without a lease: the owner is gone, the place is kept for a resume. Nobody waits for an answer to its question any more. */
export function lose(task: Task, now: number): Task {
  assertLegal(task, "lose");
  const row = task.attention?.question === undefined ? task : without(task, "attention");
  return { ...without(row as Task, "lease", "request"), status: "paused", updatedAt: now };
}

/** stopped | failed | cancelled -> todo, which the store turns into blocked while a dependency is open. It has all its tries and its whole budget again: what was until now counts no more. */
export function requeue(task: Task, now: number): Task {
  assertLegal(task, "requeue");
  return {
    ...without(putBack(task), "followsUp", "allowances"),
    status: "todo",
    freeAttempts: task.attempts,
    budgetFrom: task.attempts + 1,
    progress: { percent: 0, message: "" },
    updatedAt: now,
  };
}

/** What a row loses that goes back into the queue; the result of work that was done stays for those who build on it. */
function putBack(task: Task): Omit<Task, "lease" | "request" | "attention" | "notBefore"> {
  const row = without(task, "lease", "request", "attention", "notBefore");
  if (task.status !== "done" && task.wasDone !== true) delete (row as { result?: unknown }).result;
  return row;
}

/** done | failed | stopped | cancelled -> todo: the next attempt goes on in the session of the last. It has all its tries again. */
export function followUp(task: Task, now: number): Task {
  assertLegal(task, "followUp");
  return {
    ...putBack(task),
    status: "todo",
    followsUp: true,
    ...(task.status === "done" ? { wasDone: true } : {}),
    freeAttempts: task.attempts,
    budgetFrom: task.attempts + 1,
    progress: { percent: 0, message: "" },
    updatedAt: now,
  };
}

/** stopped -> todo, like requeue: a fresh attempt on the work that the stop kept. */
export function start(task: Task, now: number): Task {
  assertLegal(task, "start");
  return requeue(task, now);
}

/** any but done -> cancelled. */
export function cancel(task: Task, now: number): Task {
  assertLegal(task, "cancel");
  return { ...without(task, "lease", "request", "attention", "notBefore"), status: "cancelled", updatedAt: now };
}
