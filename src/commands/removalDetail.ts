import { t } from "../base/l10n.ts";
import type { Task } from "../model/task.ts";
import { oneLine } from "../platform/oneLine.ts";

const shownTitles = 5;

/** What the removal of a task means: what goes, what stays, and who depends on it. */
export function removalDetail(task: Task, tasks: readonly Task[]): string {
  const branch = task.branch === undefined ? "" : t("Its branch {0} stays if it has commits.", task.branch);
  const dependants = tasks.filter(({ status, dependsOn }) => (status === "todo" || status === "blocked") && dependsOn.includes(task.id));
  const titles = dependants.slice(0, shownTitles).map(({ title }) => t('"{0}"', oneLine(title, 60)));
  const list = dependants.length > shownTitles ? t("{0} and {1} more", titles.join(", "), dependants.length - shownTitles) : titles.join(", ");
  const waiting = dependants.length === 0 ? "" : t("These depend on it and stay blocked until you drop the dependency: {0}.", list);
  const first = t("The task, its attempts and what Goose said in them are deleted; this cannot be undone.");
  return [first, branch, waiting].filter((sentence) => sentence !== "").join(" ");
}
