/** When a failed attempt is tried again: exponential backoff with jitter, by the class of the error (model/errorClasses.ts). */
import { errorClasses, retryPolicies, type ErrorClass, type RetryPolicy } from "../model/errorClasses.ts";
import type { TaskMasterError } from "../model/errors.ts";
import type { Task } from "../model/task.ts";
import type { Random } from "./ports.ts";

/** A provider's word on when its limit ends is believed up to this; then it is asked again. */
export const longestWaitMs = 24 * 3_600_000;

/** The next try of a task. */
export interface Retry {
  readonly at: number;
  /** The attempt that failed costs no try. */
  readonly isFree: boolean;
}

/** The class of an error. Credits that come back at a known time are a limit. */
export function classOf({ code, retryAt }: Pick<TaskMasterError, "code" | "retryAt">): ErrorClass {
  const errorClass = errorClasses[code];
  return errorClass === "credits" && retryAt !== undefined ? "limit" : errorClass;
}

/** The next try of a task whose newest attempt failed; undefined when it has failed for good. */
export function nextRetry(task: Task, error: TaskMasterError, now: number, random: Random): Retry | undefined {
  const errorClass = classOf(error);
  const policy = retryPolicies[errorClass];
  const isLimit = errorClass === "limit";
  if (!error.retryable && !isLimit) return undefined;
  const used = task.attempts - (task.freeAttempts ?? 0);
  const isFree = policy.isFree === true;
  if (!isFree && used >= Math.min(task.maxAttempts, policy.tries)) return undefined;
  const reset = isLimit ? resetOf(error, now) : undefined;
  const failures = isFree ? task.attempts : used;
  return { at: reset ?? now + backoffMs(policy, failures, random), isFree };
}

/** Whether the task met a limit and waits for the time of its next try. */
export function waitsForLimit({ status, notBefore, result }: Task): boolean {
  const code = result?.error?.code;
  return status === "todo" && notBefore !== undefined && code !== undefined && classOf({ code, retryAt: notBefore }) === "limit";
}

/** When the provider says that its limit ends; undefined when it says nothing, or nonsense. */
function resetOf({ retryAt }: TaskMasterError, now: number): number | undefined {
  return retryAt !== undefined && Number.isFinite(retryAt) && retryAt > now ? Math.min(Math.ceil(retryAt), now + longestWaitMs) : undefined;
}

/** The delay after so many failures in a row: doubled each time up to the cap, of which the upper half is left to chance. */
export function backoffMs({ firstDelayMs, maxDelayMs }: RetryPolicy, failures: number, random: Random): number {
  const delay = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(delay / 2 + (random() * delay) / 2);
}
