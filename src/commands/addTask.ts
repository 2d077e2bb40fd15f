import { window, type QuickPickItem } from "vscode";
import { t } from "../base/l10n.ts";
import type { NewTask } from "../engine/facade.ts";
import type { Priority } from "../model/task.ts";
import type { Command } from "./commandDeps.ts";
import { titleProblem } from "./titleProblem.ts";

/** Asks for title, details and priority and queues the task; Esc anywhere leaves the queue as it was. Resolves with the id. */
export const addTask: Command = async (deps) => {
  // First, so that nobody types into a form that cannot be sent.
  const engine = await deps.engine();
  const input = await askForTask();
  return input === undefined ? undefined : (await engine.enqueue(input)).id;
};

async function askForTask(): Promise<NewTask | undefined> {
  const title = await window.showInputBox({
    title: t("Add Task (1 of 3): Title"),
    prompt: t("What is to be done, in a line"),
    placeHolder: t("Add a login page"),
    ignoreFocusOut: true,
    validateInput: titleProblem,
  });
  if (title === undefined || titleProblem(title) !== undefined) return undefined;
  const prompt = await window.showInputBox({
    title: t("Add Task (2 of 3): Details"),
    prompt: t("What Goose should know besides the title; leave it empty if the title says it all"),
    ignoreFocusOut: true,
  });
  if (prompt === undefined) return undefined;
  const priority = await window.showQuickPick(priorityPicks, {
    title: t("Add Task (3 of 3): Priority"),
    placeHolder: t("How urgent is it?"),
    ignoreFocusOut: true,
  });
  if (priority === undefined) return undefined;
  return { title: title.trim(), priority: priority.priority, ...(prompt.trim() === "" ? {} : { prompt: prompt.trim() }) };
}

/** Medium first: Enter takes it. */
const priorityPicks: readonly (QuickPickItem & { readonly priority: Priority })[] = [
  { label: t("Medium"), description: t("the default"), priority: "medium" },
  { label: t("Critical"), description: t("before everything else"), priority: "critical" },
  { label: t("High"), priority: "high" },
  { label: t("Low"), description: t("when nothing else is left"), priority: "low" },
];
