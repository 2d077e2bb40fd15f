import type { TaskStore, TaskWrite, TaskWriteResult } from "../../src/engine/ports.ts";
import { TaskMasterError } from "../../src/model/errors.ts";
import type { TaskId } from "../../src/model/ids.ts";
import type { Attempt, Lease, Task } from "../../src/model/task.ts";
import type { NewTaskEvent } from "../../src/model/taskEvent.ts";
import { noUsage } from "../../src/model/usage.ts";
import { taskRow } from "../helpers/taskRow.ts";

/** A task id from a short name. */
export function taskId(name: string): TaskId {
  return name.padEnd(8, "0") as TaskId;
}

/** A todo task of version 1. */
export function newTask(name: string, fields: Partial<Task> = {}): Task {
  return taskRow({ id: taskId(name), title: `Task ${name}`, prompt: `Do ${name}`, maxAttempts: 3, ...fields });
}

/** The first attempt of a task under token 1. */
export function newAttempt(task: Task, fields: Partial<Attempt> = {}): Attempt {
  return {
    taskId: task.id,
    number: 1,
    token: 1,
    owner: "me",
    outcome: "running",
    startedAt: 2000,
    steps: [],
    commits: [],
    usage: noUsage,
    ...fields,
  };
}

/** The write by which an owner takes a task. */
export function claim(task: Task, lease: Lease = { owner: "me", token: 1, expiresAt: 5000 }): TaskWrite {
  return {
    task: { ...task, status: "in_progress", attempts: task.attempts + 1, fence: lease.token, lease, updatedAt: 2000 },
    attempt: newAttempt(task, { number: task.attempts + 1, token: lease.token, owner: lease.owner }),
    events: [{ type: "started", owner: lease.owner, attempt: task.attempts + 1, at: 2000 }],
  };
}

/** The write by which the owner ends it well. */
export function completion(task: Task): TaskWrite {
  const { lease, ...rest } = task;
  return {
    task: { ...rest, status: "done", progress: { percent: 100, message: "Done" }, updatedAt: 3000 },
    ...(lease === undefined ? {} : { token: lease.token }),
    events: [{ type: "completed", summary: "well", unblocked: [], attempt: task.attempts, at: 3000 }],
    releaseDependants: true,
  };
}

/** A line of a log. */
export function logEvent(message: string, attempt = 1): NewTaskEvent {
  return { type: "log", level: "info", message, attempt, at: 2500 };
}

/** The first entry of every journal. */
export const created: readonly NewTaskEvent[] = [{ type: "created", attempt: 0, at: 1000 }];

/** The store under test, made anew for each test. */
export type Current = () => TaskStore;

/** Commits and returns the result; throws when the write is refused. */
export async function commitOk(store: TaskStore, write: TaskWrite): Promise<Extract<TaskWriteResult, { ok: true }>> {
  const result = await store.commit(write);
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result;
}

/** Inserts a task and claims it with the first token. */
export async function insertAndClaim(store: TaskStore, task: Task = newTask("a")): Promise<Task> {
  await store.insert(task, created);
  return (await commitOk(store, claim(task))).task;
}

/** The code of the error with which a promise rejects. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof TaskMasterError ? error.code : String(error);
}
