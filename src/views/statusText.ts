import type { Task } from "../model/task.ts";
import { groupOf, type TaskGroup } from "./taskGroups.ts";

/** What the status bar item says. */
export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  readonly accessibilityLabel: string;
}

const words: readonly (readonly [TaskGroup, string])[] = [
  ["running", "running"],
  ["attention", "needing you"],
  ["ready", "ready"],
  ["blocked", "blocked"],
  ["scheduled", "scheduled"],
  ["paused", "paused"],
  ["review", "to review"],
  ["failed", "failed or stopped"],
  ["done", "done"],
];
const shownGroups: readonly TaskGroup[] = ["running", "attention", "ready"];

/** Running and waiting tasks in a few words; undefined when the queue is empty. */
export function statusText(tasks: readonly Task[], now: number): StatusText | undefined {
  if (tasks.length === 0) return undefined;
  const counts = new Map<TaskGroup, number>();
  for (const task of tasks) {
    const group = groupOf(task, now);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const parts = words.filter(([group]) => (counts.get(group) ?? 0) > 0).map(([group, word]) => ({ group, text: `${counts.get(group)} ${word}` }));
  const shown = parts.filter(({ group }) => shownGroups.includes(group)).map(({ text }) => text);
  const all = parts.map(({ text }) => text).join(", ");
  const icon = counts.has("running") ? "$(sync~spin)" : counts.has("attention") ? "$(bell-dot)" : "$(checklist)";
  return {
    text: `${icon} ${shown.length > 0 ? shown.join(", ") : (parts[0]?.text ?? "")}`,
    tooltip: `Task Master: ${all}`,
    accessibilityLabel: `Task Master, ${all}`,
  };
}
