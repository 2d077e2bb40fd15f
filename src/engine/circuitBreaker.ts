/**
 * Stops the queue when going on would only waste attempts.
 *
 *   closed ──failed attempt──> counting ──so many in a row──> stopped
 *   closed, counting ──failure that every task would meet──> stopped
 *   counting ──success──> closed
 *   stopped ──a person runs a task, or resumes the queue──> closed
 *
 * It is kept in the database, over all processes of the queue; what cannot be read counts as closed, so it never wedges.
 */
import type { JsonObject } from "../base/json.ts";
import { errorCodes } from "../model/errors.ts";
import { parseTaskId } from "../model/ids.ts";
import type { FailureNote, QueueStop } from "../model/queueStatus.ts";

/** The queue stops after so many failed attempts without a success between them. */
export const maxFailuresInRow = 5;

/** The name under which the breaker is kept. */
export const breakerName = "breaker";

/** Failures since the last success, oldest first, and whether the queue has stopped. */
export interface BreakerState {
  readonly failures: readonly FailureNote[];
  readonly stoppedAt?: number;
  readonly isCertain?: boolean;
}

/** After a failed attempt; `isCertain` when every other task would meet it too. An attempt counts once, however often its end has to be written. */
export function afterFailure(state: BreakerState | undefined, failure: FailureNote, isCertain: boolean): BreakerState {
  const others = (state?.failures ?? []).filter(({ taskId, attempt }) => taskId !== failure.taskId || attempt !== failure.attempt);
  const failures = [...others, failure].slice(-maxFailuresInRow);
  const isStopped = isCertain || failures.length >= maxFailuresInRow || state?.stoppedAt !== undefined;
  if (!isStopped) return { failures };
  return { failures, stoppedAt: state?.stoppedAt ?? failure.at, isCertain: isCertain || state?.isCertain === true };
}

/** After a success: nothing is left of what was counted; a queue that has stopped waits for a person all the same. */
export function afterSuccess(state: BreakerState | undefined): BreakerState | undefined {
  return state?.stoppedAt === undefined ? undefined : state;
}

/** The stop, when there is one. */
export function stopOf(state: BreakerState | undefined): QueueStop | undefined {
  if (state?.stoppedAt === undefined) return undefined;
  return { at: state.stoppedAt, failures: state.failures, isCertain: state.isCertain === true };
}

/** As it is stored. */
export function breakerJson({ failures, stoppedAt, isCertain }: BreakerState): JsonObject {
  return {
    failures: failures.map((failure) => ({ ...failure })),
    ...(stoppedAt === undefined ? {} : { stoppedAt, isCertain: isCertain === true }),
  };
}

/** What is stored; undefined when it does not fit. */
export function parseBreaker(stored: JsonObject | undefined): BreakerState | undefined {
  const list = stored?.["failures"];
  if (stored === undefined || !Array.isArray(list)) return undefined;
  const failures = (list as readonly unknown[]).flatMap((item) => parseFailure(item) ?? []).slice(-maxFailuresInRow);
  const { stoppedAt, isCertain } = stored;
  return { failures, ...(typeof stoppedAt === "number" ? { stoppedAt, isCertain: isCertain === true } : {}) };
}

function parseFailure(value: unknown): FailureNote | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { taskId, attempt, title, code: name, message, at } = value as Record<string, unknown>;
  const id = typeof taskId === "string" ? parseTaskId(taskId) : undefined;
  const code = errorCodes.find((known) => known === name);
  if (id === undefined || code === undefined || typeof title !== "string" || typeof message !== "string" || typeof at !== "number") return undefined;
  return { taskId: id, ...(typeof attempt === "number" ? { attempt } : {}), title, code, message, at };
}
