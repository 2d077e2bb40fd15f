import { parseTaskId, type TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { availableActions, type TaskAction } from "../model/taskActions.ts";

/** The task that a command was called with: a node of the tree or an id. Any extension can call a command, so nothing is taken for granted. */
export function readTarget(target: unknown): TaskId | undefined {
  if (typeof target === "string") return parseTaskId(target);
  if (typeof target !== "object" || target === null || !("taskId" in target)) return undefined;
  return typeof target.taskId === "string" ? parseTaskId(target.taskId) : undefined;
}

/** Tasks that allow an action now, those that changed last first. */
export function tasksFor(action: TaskAction | "open", tasks: readonly Task[]): readonly Task[] {
  const fitting = action === "open" ? tasks : tasks.filter((task) => availableActions(task).includes(action));
  return fitting.toSorted((a, b) => b.updatedAt - a.updatedAt);
}

/** What to say when no task allows an action. */
export const nothingTo: { readonly [A in TaskAction | "open"]: string } = {
  run: "No task is ready to run.",
  pause: "No task is running, so there is nothing to pause.",
  resume: "No task is paused, so there is nothing to resume.",
  stop: "No task is running or paused, so there is nothing to stop.",
  start: "No task is stopped, so there is nothing to start again.",
  retry: "No task has failed or was stopped or cancelled, so there is nothing to retry.",
  cancel: "No task is left that could be cancelled.",
  open: "There is no task yet.",
};
