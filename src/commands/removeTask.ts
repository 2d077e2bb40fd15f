import { window } from "vscode";
import { t } from "../base/l10n.ts";
import { oneLine } from "../platform/oneLine.ts";
import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";
import { removalDetail } from "./removalDetail.ts";

/** Deletes a task when the user confirms it. */
export const removeTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "remove", target);
  if (id === undefined) return;
  const engine = await deps.engine();
  const [task, tasks] = await Promise.all([engine.get(id), engine.list()]);
  const detail = removalDetail(task, tasks);
  const remove = t("Remove");
  const chosen = await window.showWarningMessage(t('Remove "{0}" from the queue?', oneLine(task.title, 100)), { modal: true, detail }, remove);
  if (chosen === remove) await performAction(deps, "remove", id);
};
