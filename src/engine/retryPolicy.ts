import type { TaskMasterError } from "../model/errors.ts";
import type { Task } from "../model/task.ts";
import type { Random } from "./ports.ts";

const firstDelayMs = 5_000;
const maxDelayMs = 15 * 60_000;

/** When a failed attempt may be tried again: exponential backoff with full jitter on its upper half; undefined means never. */
export function nextAttemptAt(task: Task, error: TaskMasterError, now: number, random: Random): number | undefined {
  if (!error.retryable || task.attempts >= task.maxAttempts) return undefined;
  const delay = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.max(0, task.attempts - 1));
  return Math.round(now + delay / 2 + (random() * delay) / 2);
}
