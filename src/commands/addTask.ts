import { window, type QuickPickItem } from "vscode";
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
    title: "Add Task (1 of 3): Title",
    prompt: "What is to be done, in a line",
    placeHolder: "Add a login page",
    ignoreFocusOut: true,
    validateInput: titleProblem,
  });
  if (title === undefined || titleProblem(title) !== undefined) return undefined;
  const prompt = await window.showInputBox({
    title: "Add Task (2 of 3): Details",
    prompt: "What Goose should know besides the title; leave it empty if the title says it all",
    ignoreFocusOut: true,
  });
  if (prompt === undefined) return undefined;
  const priority = await window.showQuickPick(priorityPicks, { title: "Add Task (3 of 3): Priority", placeHolder: "How urgent is it?", ignoreFocusOut: true });
  if (priority === undefined) return undefined;
  return { title: title.trim(), priority: priority.priority, ...(prompt.trim() === "" ? {} : { prompt: prompt.trim() }) };
}

/** Medium first: Enter takes it. */
const priorityPicks: readonly (QuickPickItem & { readonly priority: Priority })[] = [
  { label: "Medium", description: "the default", priority: "medium" },
  { label: "Critical", description: "before everything else", priority: "critical" },
  { label: "High", priority: "high" },
  { label: "Low", description: "when nothing else is left", priority: "low" },
];
