import { window } from "vscode";
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
  const chosen = await window.showWarningMessage(`Remove "${oneLine(task.title, 100)}" from the queue?`, { modal: true, detail }, "Remove");
  if (chosen === "Remove") await performAction(deps, "remove", id);
};
