import { commands } from "vscode";
import type { Task } from "../model/task.ts";
import { treeViewId } from "../model/identifiers.ts";
import { tell } from "../platform/messages.ts";
import { addTaskButton } from "./addTaskButton.ts";
import type { Command } from "./commandDeps.ts";
import { summarizeRuns } from "./runSummary.ts";

/** Works through the queue until nothing is ready; says at the end how it went and resolves with the ids. */
export const runAllTasks: Command = async (deps) => {
  const engine = await deps.engine();
  const ids = await engine.runAll();
  if (ids.length === 0) {
    tell("information", "No task is ready to run.", [addTaskButton]);
    return ids;
  }
  const tasks: readonly Task[] = await Promise.all(ids.map((id) => engine.get(id)));
  tell("information", summarizeRuns(tasks), [["Show Tasks", () => commands.executeCommand(`${treeViewId}.focus`)]]);
  return ids;
};
