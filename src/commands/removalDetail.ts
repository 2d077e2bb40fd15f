import type { Task } from "../model/task.ts";
import { oneLine } from "../platform/oneLine.ts";

const shownTitles = 5;

/** What the removal of a task means: what goes, what stays, and who depends on it. */
export function removalDetail(task: Task, tasks: readonly Task[]): string {
  const branch = task.branch === undefined ? "" : ` Its branch ${task.branch} stays if it has commits.`;
  const dependants = tasks.filter(({ status, dependsOn }) => (status === "todo" || status === "blocked") && dependsOn.includes(task.id));
  const titles = dependants.slice(0, shownTitles).map(({ title }) => `"${oneLine(title, 60)}"`);
  const more = dependants.length > shownTitles ? ` and ${dependants.length - shownTitles} more` : "";
  const waiting = dependants.length === 0 ? "" : ` These depend on it and stay blocked until you drop the dependency: ${titles.join(", ")}${more}.`;
  return `The task, its attempts and what Goose said in them are deleted; this cannot be undone.${branch}${waiting}`;
}
