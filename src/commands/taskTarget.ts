import { t } from "../base/l10n.ts";
import { parseTaskId, type TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { availableActions, mayChangeDependencies, type TaskAction } from "../model/taskActions.ts";
import { blockersOf, canBeRetried, isStuck, type Blocker } from "../model/dependencies.ts";

/** The task that a command was called with: a node of the tree or an id. Any extension can call a command, so nothing is taken for granted. */
export function readTarget(target: unknown): TaskId | undefined {
  if (typeof target === "string") return parseTaskId(target);
  if (typeof target !== "object" || target === null || !("taskId" in target)) return undefined;
  return typeof target.taskId === "string" ? parseTaskId(target.taskId) : undefined;
}

/** What a task can be chosen for. */
export type Choice = TaskAction | "open" | "say" | "answer" | "depends" | "retryDependency" | "dropDependency";

/** Tasks that allow an action now, those that changed last first. */
export function tasksFor(choice: Choice, tasks: readonly Task[]): readonly Task[] {
  return tasks.filter((task) => fits(choice, task, tasks)).toSorted((a, b) => b.updatedAt - a.updatedAt);
}

function fits(choice: Choice, task: Task, tasks: readonly Task[]): boolean {
  switch (choice) {
    case "open":
    case "say":
      return true;
    case "depends":
      return mayChangeDependencies(task.status);
    case "answer":
      return task.attention?.question !== undefined;
    case "retryDependency":
      return isBlockedBy(task, tasks, canBeRetried);
    case "dropDependency":
      return isBlockedBy(task, tasks, isStuck);
    default:
      return availableActions(task).includes(choice);
  }
}

function isBlockedBy(task: Task, tasks: readonly Task[], fits: (blocker: Blocker) => boolean): boolean {
  return task.status === "blocked" && blockersOf(task, (id) => tasks.find((other) => other.id === id)).some(fits);
}

/** What to say when no task allows an action. */
export const nothingTo: { readonly [C in Choice]: string } = {
  run: t("No task is ready to run."),
  pause: t("No task is running, so there is nothing to pause."),
  resume: t("No task is paused, so there is nothing to resume."),
  stop: t("No task is running or paused, so there is nothing to stop."),
  start: t("No task is stopped, so there is nothing to start again."),
  retry: t("No task has failed or was stopped or cancelled, so there is nothing to retry."),
  cancel: t("No task is left that could be cancelled."),
  remove: t("No task can be removed now."),
  open: t("There is no task yet."),
  say: t("There is no task yet."),
  depends: t("No task can be given other dependencies now."),
  retryDependency: t("No task is blocked by one that failed or was stopped or cancelled."),
  dropDependency: t("No task is blocked by one that will not be done."),
  answer: t("No task waits for an answer."),
};
