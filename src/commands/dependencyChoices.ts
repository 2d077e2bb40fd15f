import { t } from "../base/l10n.ts";
import type { DependencyChange } from "../engine/facade.ts";
import { dependencyName } from "../model/dependencies.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { statusWordsIn } from "../model/taskActions.ts";
import { oneLine } from "../platform/oneLine.ts";

/** A task that another one may wait for. */
export interface DependencyChoice {
  readonly id: TaskId;
  readonly label: string;
  readonly description: string;
  readonly isPicked: boolean;
}

/** What a task may depend on: its present dependencies first, missing ones too, then all other tasks, the newest first. */
export function dependencyChoices(task: Task, tasks: readonly Task[]): readonly DependencyChoice[] {
  const known = new Map(tasks.map((other) => [other.id, other]));
  const others = tasks.filter(({ id }) => id !== task.id && !task.dependsOn.includes(id)).toSorted((a, b) => b.createdAt - a.createdAt);
  const choice = (id: TaskId, other: Task | undefined): DependencyChoice => ({
    id,
    label: oneLine(dependencyName(id, other?.title, t), 100),
    description: other === undefined ? t("removed") : `${statusWordsIn(t)[other.status]}, ${id}`,
    isPicked: task.dependsOn.includes(id),
  });
  return [...task.dependsOn.map((id) => choice(id, known.get(id))), ...others.map((other) => choice(other.id, other))];
}

/** What the user changed compared with what was shown; what others change meanwhile stays. */
export function dependencyChange({ dependsOn }: Task, chosen: readonly TaskId[]): DependencyChange {
  return { add: chosen.filter((id) => !dependsOn.includes(id)), drop: dependsOn.filter((id) => !chosen.includes(id)) };
}
