/** Chooses what to run next (product.md section 3): filter first, then weight x deadline boost, then fixed ties. */
import type { TaskId } from "../model/ids.ts";
import { priorities, type Priority, type Task } from "../model/task.ts";
import type { RunCriteria } from "./facade.ts";

const weights: { readonly [P in Priority]: number } = { critical: 1000, high: 100, medium: 10, low: 1 };
const dayMs = 86_400_000;

/** At most this many tasks are looked at for one choice. */
export const maxCandidates = 50;

/** How many candidates to read for each priority. */
export const candidatesPerPriority = Math.floor(maxCandidates / priorities.length);

/** The end of the local day that `now` lies in; "today" is the machine's. */
export function endOfLocalDay(now: number): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime() - 1;
}

/** How much more a deadline counts: overdue 10, due today 5, due within three days 2, else 1. */
export function deadlineBoost(deadline: number | undefined, now: number): number {
  if (deadline === undefined) return 1;
  if (deadline < now) return 10;
  if (deadline <= endOfLocalDay(now)) return 5;
  return deadline <= now + 3 * dayMs ? 2 : 1;
}

/** A task's urgency: weight of its priority x boost of its deadline. */
export function score(task: Task, now: number): number {
  return weights[task.priority] * deadlineBoost(task.deadline, now);
}

/**
 * Whether a task may start now: by status, dependencies, time and the caller's limits. Every path asks here, the choice of
 * the next task among candidates and every claim, which alone knows `waitingFor`: the dependencies that are not done.
 */
export function isEligible(task: Task, now: number, criteria: RunCriteria = {}, waitingFor: readonly TaskId[] = []): boolean {
  if ((task.status !== "todo" && task.status !== "blocked") || waitingFor.length > 0 || (task.notBefore ?? 0) > now) return false;
  return (criteria.requireTags ?? []).every((tag) => task.tags.includes(tag));
}

/** Order of urgency: score, then earlier deadline, then weight, then age, then id. Negative when `a` goes first. */
export function compareUrgency(a: Task, b: Task, now: number): number {
  return (
    score(b, now) - score(a, now) ||
    (a.deadline ?? Infinity) - (b.deadline ?? Infinity) || // Infinity - Infinity is NaN, which is falsy: a tie
    weights[b.priority] - weights[a.priority] ||
    a.createdAt - b.createdAt ||
    (a.id < b.id ? -1 : 1)
  );
}

/** The most urgent eligible task; undefined when none is. */
export function selectTask(candidates: readonly Task[], now: number, criteria: RunCriteria = {}): Task | undefined {
  return candidates.filter((task) => isEligible(task, now, criteria)).sort((a, b) => compareUrgency(a, b, now))[0];
}
