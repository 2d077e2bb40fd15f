import { window, type QuickPickItem } from "vscode";
import { t } from "../base/l10n.ts";
import type { TaskId } from "../model/ids.ts";
import { tell } from "../platform/messages.ts";
import { oneLine } from "../platform/oneLine.ts";
import { taskItem } from "../views/taskItem.ts";
import type { CommandDeps } from "./commandDeps.ts";
import { addTaskButton } from "./addTaskButton.ts";
import { nothingTo, readTarget, tasksFor, type Choice } from "./taskTarget.ts";

interface TaskPick extends QuickPickItem {
  readonly taskId: TaskId;
}

/** The task that the command was called with, or one that the user picks among the legal ones; undefined when the user gave up or there is none. */
export async function chooseTask(deps: CommandDeps, choice: Choice, target: unknown): Promise<TaskId | undefined> {
  const given = readTarget(target);
  if (given !== undefined) return given;
  const tasks = await (await deps.engine()).list();
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const picks = tasksFor(choice, tasks).map((task): TaskPick => {
    const model = taskItem(task, { now: Date.now(), find: (id) => byId.get(id) });
    return { label: `$(${model.icon.id}) ${oneLine(task.title, 100)}`, description: model.description, taskId: task.id };
  });
  if (picks.length === 0) {
    tell("information", nothingTo[choice], tasks.length === 0 || choice === "run" ? [addTaskButton] : []);
    return undefined;
  }
  const title = `Task Master: ${commandTitles[choice]}`;
  return (await window.showQuickPick(picks, { title, placeHolder: t("Which task?"), matchOnDescription: true }))?.taskId;
}

const commandTitles: { readonly [C in Choice]: string } = {
  run: t("Run Task"),
  pause: t("Pause Task"),
  resume: t("Resume Task"),
  stop: t("Stop Task"),
  start: t("Start Task"),
  retry: t("Retry Task"),
  cancel: t("Cancel Task"),
  remove: t("Remove Task"),
  open: t("Open Run"),
  say: t("Send Message"),
  depends: t("Edit Dependencies"),
  retryDependency: t("Retry Dependency"),
  dropDependency: t("Drop Dependency"),
  answer: t("Answer Question"),
};
