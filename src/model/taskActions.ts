import type { Task, TaskStatus } from "./task.ts";

/** What a person may ask of a task; which of these are legal now follows from its status. */
export const taskActions = ["run", "pause", "resume", "stop", "start", "retry", "cancel", "remove"] as const;
export type TaskAction = (typeof taskActions)[number];

const legal: { readonly [S in TaskStatus]: readonly TaskAction[] } = {
  todo: ["run", "cancel", "remove"],
  blocked: ["cancel", "remove"],
  in_progress: ["pause", "stop", "cancel"],
  paused: ["resume", "stop", "cancel"],
  stopped: ["start", "retry", "cancel", "remove"],
  failed: ["retry", "cancel", "remove"],
  cancelled: ["retry", "remove"],
  done: ["remove"],
};

/** The actions that product.md section 2 allows in a status, the most useful first. */
export function legalActions(status: TaskStatus): readonly TaskAction[] {
  return legal[status];
}

/** The legal actions of a task without the one that its owner was already asked for. */
export function availableActions(task: Pick<Task, "status" | "request">): readonly TaskAction[] {
  return legal[task.status].filter((action) => action !== task.request);
}

/** Where a task stays until somebody wants something of it; with words of the user it goes back into the queue from there. */
export const endedStatuses: ReadonlySet<TaskStatus> = new Set(["done", "failed", "stopped", "cancelled"]);

/** Whether what a task depends on may change: not while somebody works on it, and not when it is done. */
export function mayChangeDependencies(status: TaskStatus): boolean {
  return status !== "in_progress" && status !== "paused" && status !== "done";
}

/** Words for a status; shown everywhere, so that state is never told by colour alone. */
export const statusWords: { readonly [S in TaskStatus]: string } = {
  todo: "ready",
  blocked: "blocked",
  in_progress: "running",
  paused: "paused",
  stopped: "stopped",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};
