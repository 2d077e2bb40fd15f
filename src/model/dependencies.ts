/** What dependencies between tasks mean, as pure questions: the store, the engine and every surface ask the same ones. */
import { english, type Translate } from "../base/l10n.ts";
import { TaskMasterError } from "./errors.ts";
import type { TaskId } from "./ids.ts";
import type { Task, TaskStatus } from "./task.ts";
import { statusWordsIn } from "./taskActions.ts";

/** Why a dependency is not fulfilled: not finished yet, ended without being done, or no task has the id (any more). */
export type BlockerReason = "waiting" | "failed" | "cancelled" | "stopped" | "missing";

/** The one step that helps: with the dependency itself, or with the edge to it. */
export type WayOut = "retry" | "start" | "resume" | "drop";

/** A dependency that is not done. Title and status are absent when it is missing, the way out while it only needs time. */
export interface Blocker {
  readonly id: TaskId;
  readonly title?: string;
  readonly status?: TaskStatus;
  readonly reason: BlockerReason;
  readonly wayOut?: WayOut;
}

/** Finds a task of the queue. */
export type FindTask = (id: TaskId) => Task | undefined;

/** The dependencies of a task that are not done, in its order. */
export function blockersOf({ dependsOn }: Pick<Task, "dependsOn">, find: FindTask): readonly Blocker[] {
  return dependsOn.map((id) => blockerOf(id, find(id))).filter((blocker) => blocker !== undefined);
}

function blockerOf(id: TaskId, task: Task | undefined): Blocker | undefined {
  if (task === undefined) return { id, reason: "missing", wayOut: "drop" };
  const { title, status, wasDone = false } = task;
  if (wasDone) return undefined;
  switch (status) {
    case "done":
      return undefined;
    case "failed":
    case "cancelled":
      return { id, title, status, reason: status, wayOut: "retry" };
    case "stopped":
      return { id, title, status, reason: status, wayOut: "start" };
    case "paused":
      return { id, title, status, reason: "waiting", wayOut: "resume" };
    default:
      return { id, title, status, reason: "waiting" };
  }
}

/** Whether nothing will come of it unless somebody acts: it has ended without being done, or is missing. */
export function isStuck({ reason }: Blocker): boolean {
  return reason !== "waiting";
}

/** Whether the blocker's own task can be put back into the queue. */
export function canBeRetried({ wayOut }: Blocker): boolean {
  return wayOut === "retry" || wayOut === "start";
}

/** How to speak of a blocker: in a language, and whether dropping the dependency is named besides what helps the blocker itself. */
export interface BlockerWords {
  readonly t?: Translate;
  readonly withDrop?: boolean;
}

function wayOutWords(wayOut: WayOut, { t = english, withDrop = false }: BlockerWords): string {
  switch (wayOut) {
    case "retry":
      return withDrop ? t("retry it or drop the dependency") : t("retry it");
    case "start":
      return withDrop ? t("start it again or drop the dependency") : t("start it again");
    case "resume":
      return t("resume it");
    case "drop":
      return t("drop the dependency");
  }
}

/** How a blocker stands and what helps: "failed: retry it", "running". */
export function blockerState({ status, wayOut }: Blocker, words: BlockerWords = {}): string {
  const { t = english } = words;
  const state = status === undefined ? t("removed") : statusWordsIn(t)[status];
  return wayOut === undefined ? state : `${state}: ${wayOutWords(wayOut, words)}`;
}

/** What a dependency is called. Of one that is not there any more nothing but the id is known. */
export function dependencyName(id: TaskId, name: string | undefined, t: Translate = english): string {
  return name ?? t("a removed task ({0})", id);
}

/** What a blocker is called, how it stands and what helps: "Add login (failed: retry it)". */
export function blockerText(blocker: Blocker, name: string | undefined, words: BlockerWords = {}): string {
  const { id, reason, wayOut } = blocker;
  if (name !== undefined && reason !== "missing") return `${name} (${blockerState(blocker, words)})`;
  const { t = english } = words;
  return wayOut === undefined ? dependencyName(id, undefined, t) : t("a removed task ({0}: {1})", id, wayOutWords(wayOut, words));
}

/** Of the tasks that depend on one, those that are blocked by nothing else: what finishing it would make ready. */
export function unblockedBy(id: TaskId, dependants: readonly Task[], find: FindTask): readonly Task[] {
  return dependants.filter((task) => {
    const blockers = task.status === "blocked" ? blockersOf(task, find) : [];
    return blockers.length === 1 && blockers[0]?.id === id;
  });
}

/**
 * The shortest way by which a task would wait for itself if it had these dependencies: its id, what it waits for, and so on
 * to its id again; undefined when there is none. `dependenciesOf` tells the dependencies of the other tasks.
 */
export function findCycle(
  id: TaskId,
  dependsOn: readonly TaskId[],
  dependenciesOf: (id: TaskId) => readonly TaskId[],
): readonly [TaskId, ...TaskId[]] | undefined {
  const cameFrom = new Map<TaskId, TaskId>();
  const reached: TaskId[] = [];
  const reach = (next: TaskId, from: TaskId): void => {
    if (cameFrom.has(next)) return;
    cameFrom.set(next, from);
    reached.push(next);
  };
  for (const dependency of dependsOn) reach(dependency, id);
  // Grows while it is walked: breadth first, so what is found is the shortest.
  for (const current of reached) {
    if (current === id) return [id, ...wayBack(id, cameFrom)];
    for (const next of dependenciesOf(current)) reach(next, current);
  }
  return undefined;
}

function wayBack(id: TaskId, cameFrom: ReadonlyMap<TaskId, TaskId>): TaskId[] {
  const way = [id];
  for (let step = cameFrom.get(id); step !== undefined && step !== id; step = cameFrom.get(step)) way.unshift(step);
  return way;
}

const longestTitle = 60;

/** DEPENDENCY_CYCLE naming the way round. */
export function cycleError(cycle: readonly TaskId[], titleOf: (id: TaskId) => string | undefined): TaskMasterError {
  const path = cycle.map((id) => nameOf(id, titleOf(id))).join(" -> ");
  return new TaskMasterError("DEPENDENCY_CYCLE", `These tasks would wait for each other for ever: ${path}. Leave one of these dependencies out.`);
}

function nameOf(id: TaskId, title: string | undefined): string {
  if (title === undefined) return id;
  return `${id} "${title.length > longestTitle ? `${title.slice(0, longestTitle - 1)}…` : title}"`;
}
