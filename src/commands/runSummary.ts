import { t } from "../base/l10n.ts";
import type { Task, TaskStatus } from "../model/task.ts";
import { statusCount } from "../model/taskActions.ts";

/** How a batch of runs went, in a sentence. A task that was run twice counts once. */
export function summarizeRuns(tasks: readonly Task[]): string {
  const last = new Map(tasks.map((task) => [task.id, task]));
  const counts = new Map<TaskStatus, number>();
  for (const { status } of last.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => statusCount(status, count, t));
  return t({ one: "Ran {0} task: {1}.", other: "Ran {0} tasks: {1}." }, last.size, parts.join(", "));
}
