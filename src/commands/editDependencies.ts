import { window, type QuickPickItem } from "vscode";
import { t } from "../base/l10n.ts";
import type { TaskId } from "../model/ids.ts";
import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { dependencyChange, dependencyChoices } from "./dependencyChoices.ts";

interface DependencyPick extends QuickPickItem {
  readonly taskId: TaskId;
}

/** Lets the user mark which tasks must be done first. */
export const editDependencies: Command = async (deps, target) => {
  const id = await chooseTask(deps, "depends", target);
  if (id === undefined) return;
  const engine = await deps.engine();
  const [task, tasks] = await Promise.all([engine.get(id), engine.list()]);
  const picks = dependencyChoices(task, tasks).map((choice): DependencyPick => ({
    label: choice.label,
    description: choice.description,
    picked: choice.isPicked,
    taskId: choice.id,
  }));
  const title = `Task Master: ${t("Edit Dependencies")}`;
  const chosen = await window.showQuickPick(picks, { title, placeHolder: t("Which tasks must be done first?"), canPickMany: true, matchOnDescription: true });
  if (chosen === undefined) return;
  await engine.changeDependencies(
    id,
    dependencyChange(
      task,
      chosen.map(({ taskId }) => taskId),
    ),
  );
};
