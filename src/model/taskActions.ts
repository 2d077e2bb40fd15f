import { english, type Translate } from "../base/l10n.ts";
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

/** Words for a status in a language; shown everywhere, so that state is never told by colour alone. */
export function statusWordsIn(t: Translate): { readonly [S in TaskStatus]: string } {
  return {
    todo: t("ready"),
    blocked: t("blocked"),
    in_progress: t("running"),
    paused: t("paused"),
    stopped: t("stopped"),
    done: t("done"),
    failed: t("failed"),
    cancelled: t("cancelled"),
  };
}

/** The English words, for errors and the terminal. */
export const statusWords = statusWordsIn(english);

/** How many tasks have a status: "2 running". */
export function statusCount(status: TaskStatus, count: number, t: Translate = english): string {
  switch (status) {
    case "todo":
      return t("{0} ready", count);
    case "blocked":
      return t("{0} blocked", count);
    case "in_progress":
      return t("{0} running", count);
    case "paused":
      return t("{0} paused", count);
    case "stopped":
      return t("{0} stopped", count);
    case "done":
      return t("{0} done", count);
    case "failed":
      return t("{0} failed", count);
    case "cancelled":
      return t("{0} cancelled", count);
  }
}
