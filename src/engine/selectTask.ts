/** Chooses what to run next (product.md section 3): filter first, then weight x deadline boost, then fixed ties. */
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { priorities, type Priority, type Task } from "../model/task.ts";
import type { RunCriteria } from "./facade.ts";

const weights: { readonly [P in Priority]: number } = { critical: 1000, high: 100, medium: 10, low: 1 };
const dayMs = 86_400_000;

const maxLimit = 1_000;

/** Throws INVALID_INPUT when no task could ever fit, or the limit is none. */
export function checkCriteria(criteria: RunCriteria): void {
  const { requireTags = [], minPriority, maxPriority, limit = 1 } = criteria;
  for (const priority of [minPriority, maxPriority]) {
    if (priority !== undefined && !priorities.includes(priority)) throw invalid(`"${priority}" is no priority. Use one of ${priorities.join(", ")}.`);
  }
  if (requireTags.some((tag) => tag.trim() === "")) throw invalid("A tag to look for is empty.");
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= maxLimit)) throw invalid(`The number of candidates must be from 1 to ${maxLimit}.`);
  if (prioritiesOf(criteria).length > 0) return;
  throw invalid(`No priority is at least ${minPriority} and at most ${maxPriority}. Swap the two, or leave one out.`);
}

/** The priorities within the criteria's limits, most urgent first. */
export function prioritiesOf({ minPriority = "low", maxPriority = "critical" }: RunCriteria): readonly Priority[] {
  return priorities.slice(priorities.indexOf(maxPriority), priorities.indexOf(minPriority) + 1);
}

/**
 * How many candidates to read for each priority that counts. One is enough: of one priority none can be more urgent than the
 * first in the line, as its boost never grows with the deadline, and what the criteria leave out takes no place there.
 */
export function candidatesPerPriority(criteria: RunCriteria): number {
  return Math.max(1, Math.floor((criteria.limit ?? 0) / prioritiesOf(criteria).length));
}

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

/** A caller's limits, and the agent profiles that may not work now (the empty name is the default one). */
export interface Eligibility extends RunCriteria {
  readonly exceptAgents?: readonly string[];
}

/**
 * Whether a task may start now: by status, dependencies, time, agent and the caller's limits. Every path asks here, the choice of
 * the next task among candidates and every claim, which alone knows `waitingFor`: the dependencies that are not done.
 */
export function isEligible(task: Task, now: number, criteria: Eligibility = {}, waitingFor: readonly TaskId[] = []): boolean {
  const isReady = (task.status === "todo" || task.status === "blocked") && waitingFor.length === 0 && (task.notBefore ?? 0) <= now;
  return isReady && fits(task, criteria);
}

function fits({ agent = "", priority, tags }: Task, criteria: Eligibility): boolean {
  const { requireTags = [], exceptAgents = [] } = criteria;
  return !exceptAgents.includes(agent) && prioritiesOf(criteria).includes(priority) && requireTags.every((tag) => tags.includes(tag));
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
export function selectTask(candidates: readonly Task[], now: number, criteria: Eligibility = {}): Task | undefined {
  return candidates.filter((task) => isEligible(task, now, criteria)).sort((a, b) => compareUrgency(a, b, now))[0];
}

function invalid(message: string): TaskMasterError {
  return new TaskMasterError("INVALID_INPUT", message);
}
