import { t } from "../base/l10n.ts";
import { priorities, type Task } from "../model/task.ts";

/** The groups of the tree from top to bottom. */
export const taskGroups = ["attention", "running", "ready", "blocked", "scheduled", "paused", "review", "done", "failed"] as const;
export type TaskGroup = (typeof taskGroups)[number];

/** Titles of the groups. */
export const groupLabels: { readonly [G in TaskGroup]: string } = {
  running: t("Running"),
  attention: t("Needs attention"),
  ready: t("Ready"),
  blocked: t("Blocked"),
  scheduled: t("Scheduled"),
  paused: t("Paused"),
  review: t("Review"),
  done: t("Done"),
  failed: t("Failed"),
};

/** Where a task stands in the tree now. What was stopped or cancelled is with the failed ones: all three wait for a retry. */
export function groupOf(task: Task, now: number): TaskGroup {
  if (task.attention !== undefined) return "attention";
  switch (task.status) {
    case "in_progress":
      return "running";
    case "todo":
      return (task.notBefore ?? 0) > now ? "scheduled" : "ready";
    case "blocked":
      return "blocked";
    case "paused":
      return "paused";
    case "done":
      return task.integration === "none" || task.integration === "conflict" ? "review" : "done";
    case "stopped":
    case "failed":
    case "cancelled":
      return "failed";
  }
}

/** Order within a group: what waits by urgency, what has ended newest first, the rest oldest first. */
export function compareInGroup(group: TaskGroup, a: Task, b: Task): number {
  return (groupOrders[group]?.(a, b) ?? 0) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

const byUrgency = (a: Task, b: Task): number =>
  priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || (a.deadline ?? Infinity) - (b.deadline ?? Infinity) || 0;
const byEnd = (a: Task, b: Task): number => b.updatedAt - a.updatedAt;

const groupOrders: { readonly [G in TaskGroup]?: (a: Task, b: Task) => number } = {
  ready: byUrgency,
  blocked: byUrgency,
  scheduled: (a, b) => (a.notBefore ?? 0) - (b.notBefore ?? 0),
  review: byEnd,
  done: byEnd,
  failed: byEnd,
};
