import type { JsonObject } from "../base/json.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { integrations, priorities, taskStatuses, type Attempt, type Lease, type Progress, type Task } from "../model/task.ts";
import { areMessages } from "../model/userMessage.ts";
import type { NewTaskEvent, TaskEvent } from "../model/taskEvent.ts";

/** What node:sqlite gives and takes for one column. */
export type SqlValue = string | number | bigint | null | NodeJS.ArrayBufferView;

/** A row as node:sqlite returns it. */
export type Row = Record<string, SqlValue>;

/** Larger than every time: sorts a task without a deadline last. */
export const noDeadline = Number.MAX_SAFE_INTEGER;

/** The columns by which tasks are looked for, and the lease: what most steps of a running task leave as it is. */
export const placeColumns = ["status", "priority", "deadline_key", "not_before", "lease_owner", "lease_token", "lease_expires_at"] as const;

/** The columns that every state write changes. */
export const contentColumns = ["version", "state_version", "progress", "body"] as const;

/** The columns of `tasks` in the order of encodeTask's values; `id` and `created_at` never change. */
export const taskColumns = [...placeColumns, ...contentColumns] as const;

/** The values of `taskColumns` for a task; a write of the whole row is a state write, hence both versions are the task's. */
export function encodeTask(task: Task): (string | number | null)[] {
  const { id: _id, createdAt: _createdAt, status, priority, deadline, notBefore, version, lease, progress, ...body } = task;
  return [
    status,
    priorities.indexOf(priority),
    deadline ?? noDeadline,
    notBefore ?? 0,
    lease?.owner ?? null,
    lease?.token ?? null,
    lease?.expiresAt ?? null,
    version,
    version,
    JSON.stringify(progress),
    JSON.stringify(body),
  ];
}

/** The task of a row; STORE_CORRUPT naming the task when the row does not hold one. */
export function decodeTask(row: Row): Task {
  const id = textOf(row["id"]) as TaskId;
  const body = parseObject(row["body"], `task ${id}`);
  const progress = parseObject(row["progress"], `the progress of task ${id}`);
  const status = taskStatuses.find((name) => name === row["status"]);
  const priority = priorities[Number(row["priority"])];
  if (status === undefined || priority === undefined || typeof progress["percent"] !== "number" || !isTaskBody(body)) {
    throw corrupt(`task ${id}`);
  }
  const deadline = Number(row["deadline_key"]);
  const notBefore = Number(row["not_before"]);
  const lease = decodeLease(row);
  return {
    ...body,
    id,
    status,
    priority,
    createdAt: Number(row["created_at"]),
    version: Number(row["version"]),
    progress: progress as unknown as Progress,
    ...(deadline === noDeadline ? {} : { deadline }),
    ...(notBefore === 0 ? {} : { notBefore }),
    ...(lease === undefined ? {} : { lease }),
  };
}

type TaskBody = Omit<Task, "id" | "status" | "priority" | "deadline" | "notBefore" | "createdAt" | "version" | "lease" | "progress">;

function isTaskBody(body: JsonObject): body is JsonObject & TaskBody {
  const isText = ["title", "prompt", "repository"].every((key) => typeof body[key] === "string");
  const isNumber = ["maxAttempts", "updatedAt", "attempts", "fence"].every((key) => typeof body[key] === "number");
  const isList = ["tags", "dependsOn"].every((key) => isStrings(body[key]));
  const acceptance = body["acceptance"];
  return (
    isText &&
    isNumber &&
    isList &&
    isObject(acceptance) &&
    isStrings(acceptance["commands"]) &&
    isObject(body["budget"]) &&
    ["inbox", "heard"].every((key) => body[key] === undefined || areMessages(body[key])) &&
    integrations.some((name) => name === body["integration"])
  );
}

/** The lease columns of a row. */
export function decodeLease(row: Row): Lease | undefined {
  const token = row["lease_token"];
  if (token === null || token === undefined) return undefined;
  return { owner: textOf(row["lease_owner"]), token: Number(token), expiresAt: Number(row["lease_expires_at"]) };
}

/** The values of `attempts` after its key: outcome, started_at, body. */
export function encodeAttempt(attempt: Attempt): [string, number, string] {
  const { taskId: _taskId, number: _number, ...body } = attempt;
  return [attempt.outcome, attempt.startedAt, JSON.stringify(body)];
}

/** The attempt of a row; STORE_CORRUPT naming its task when the row does not hold one. */
export function decodeAttempt(row: Row): Attempt {
  const taskId = textOf(row["task_id"]) as TaskId;
  const what = `attempt ${Number(row["number"])} of task ${taskId}`;
  const body = parseObject(row["body"], what);
  const fits = typeof body["token"] === "number" && isStrings(body["steps"]) && isStrings(body["commits"]) && isObject(body["usage"]);
  if (!fits) throw corrupt(what);
  return { ...(body as unknown as Attempt), taskId, number: Number(row["number"]) };
}

/** The `body` column of an event: what its own columns do not hold. */
export function encodeEventBody(event: NewTaskEvent): string {
  const { type: _type, attempt: _attempt, at: _at, ...body } = event;
  return JSON.stringify(body);
}

/** The event of a row; STORE_CORRUPT naming its task when the row does not hold one. */
export function decodeEvent(row: Row): TaskEvent {
  const taskId = textOf(row["task_id"]) as TaskId;
  const body = parseObject(row["body"], `event ${Number(row["seq"])} of task ${taskId}`);
  const event = { ...body, type: textOf(row["type"]), taskId, seq: Number(row["seq"]), attempt: Number(row["attempt"]), at: Number(row["at"]) };
  return event as unknown as TaskEvent;
}

/** The progress column as it is stored; undefined when it cannot be read. */
export function decodeProgress(text: SqlValue | undefined): Progress | undefined {
  try {
    const progress = parseObject(text, "progress");
    return typeof progress["percent"] === "number" ? (progress as unknown as Progress) : undefined;
  } catch {
    return undefined;
  }
}

/** A stored JSON object; STORE_CORRUPT naming `what` when the text holds none. */
export function parseObject(text: SqlValue | undefined, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(textOf(text));
  } catch (error) {
    throw corrupt(what, error);
  }
  if (!isObject(value)) throw corrupt(what);
  return value;
}

/** The schema is STRICT: a TEXT column holds nothing else. */
export function textOf(value: SqlValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function corrupt(what: string, cause?: unknown): TaskMasterError {
  return new TaskMasterError("STORE_CORRUPT", `The stored row of ${what} is damaged; the rest of the queue can still be read.`, { cause });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
