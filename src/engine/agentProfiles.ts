/**
 * Agent profiles that wait for a limit of their provider.
 *
 *   free ──a task meets the limit──> waiting ──the time has come──> trying ──a task succeeds──> free
 *                                       ^                             │ one task at a time
 *                                       └──────── the limit again ────┘ (longer each time, unless the provider says when)
 *
 * It is kept in the database, one row for each profile, over all processes of the queue. A row that cannot be read counts
 * as none. A person who knows better resumes the queue, or runs a task by its id.
 */
import type { JsonObject } from "../base/json.ts";
import { retryPolicies } from "../model/errorClasses.ts";
import { parseTaskId, type TaskId } from "../model/ids.ts";
import type { AgentLimit } from "../model/queueStatus.ts";
import type { Task } from "../model/task.ts";
import type { Random } from "./ports.ts";
import { backoffMs, longestWaitMs } from "./retryPolicy.ts";

/** The profile's name of a task; empty for the default one. */
export function agentOf({ agent = "" }: Pick<Task, "agent">): string {
  return agent;
}

const prefix = "agent:";

/** The name under which a profile is kept. */
export function limitName(agent: string): string {
  return prefix + agent;
}

/** The profile that is kept under a name; undefined for other names. */
export function agentOfName(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** A limit as it is stored. */
export interface LimitState {
  /** When it was met the last time: an attempt that began later and succeeds ends it. */
  readonly since: number;
  readonly until: number;
  /** How often it was met in a row. */
  readonly strikes: number;
  readonly reason: string;
  /** The task that tries whether it is over, and how many attempts it had before. */
  readonly trial?: { readonly taskId: TaskId; readonly attempts: number; readonly at: number };
}

/** What was met, and when. */
export interface LimitMet {
  readonly now: number;
  readonly startedAt: number;
  /** When the task that met it is to be tried again. */
  readonly retryAt: number;
  readonly reason: string;
}

/** After a task met the limit. Tasks that were under way together meet it as one. */
export function afterLimit(state: LimitState | undefined, { now, startedAt, retryAt, reason }: LimitMet, random: Random): LimitState {
  if (state !== undefined && startedAt <= state.since) return { ...state, until: Math.max(state.until, retryAt), reason };
  const strikes = (state?.strikes ?? 0) + 1;
  const backoff = strikes === 1 ? 0 : now + backoffMs(retryPolicies.limit, strikes, random);
  return { since: now, until: Math.max(retryAt, backoff), strikes, reason };
}

/** Whether nothing of the profile starts before `until`. A clock that was set back must not prolong the wait for ever. */
export function isWaiting({ since, until }: LimitState, now: number): boolean {
  return now < until && now >= since - longestWaitMs;
}

/** Whether the task of the trial still runs, or is just being taken. */
export function isOnTrial(trial: NonNullable<LimitState["trial"]>, task: Task | undefined, { now, graceMs }: { now: number; graceMs: number }): boolean {
  if (task === undefined) return false;
  if (task.status === "in_progress") return true;
  return task.status === "todo" && task.attempts === trial.attempts && now < trial.at + graceMs && now >= trial.at - graceMs;
}

/** For people. */
export function agentLimit(agent: string, state: LimitState, now: number): AgentLimit {
  return { agent, until: state.until, reason: state.reason, isTrying: !isWaiting(state, now) };
}

/** As it is stored. */
export function limitJson({ trial, ...state }: LimitState): JsonObject {
  return { ...state, ...(trial === undefined ? {} : { trial: { ...trial } }) };
}

/** What is stored; undefined when it does not fit. */
export function parseLimit(stored: JsonObject | undefined): LimitState | undefined {
  const { since, until, strikes, reason, trial } = stored ?? {};
  if (typeof since !== "number" || typeof until !== "number" || typeof strikes !== "number" || typeof reason !== "string") return undefined;
  // Whoever wrote it, nobody waits longer than a day.
  const state = { since, until: Math.min(until, since + longestWaitMs), strikes, reason };
  if (typeof trial !== "object" || trial === null) return state;
  const { taskId, attempts, at } = trial as Record<string, unknown>;
  const id = typeof taskId === "string" ? parseTaskId(taskId) : undefined;
  if (id === undefined || typeof attempts !== "number" || typeof at !== "number") return state;
  return { ...state, trial: { taskId: id, attempts, at } };
}
