import type { Task } from "../model/task.ts";
import { statusWords } from "../model/taskActions.ts";

/** How a batch of runs went, in a sentence. A task that was run twice counts once. */
export function summarizeRuns(tasks: readonly Task[]): string {
  const last = new Map(tasks.map((task) => [task.id, task]));
  const counts = new Map<string, number>();
  for (const { status } of last.values()) counts.set(statusWords[status], (counts.get(statusWords[status]) ?? 0) + 1);
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return `Ran ${last.size} ${last.size === 1 ? "task" : "tasks"}: ${parts.join(", ")}.`;
}
