import { tell } from "../platform/messages.ts";
import { addTaskButton } from "./addTaskButton.ts";
import type { Command } from "./commandDeps.ts";

/** Starts the most urgent ready task and shows its run; resolves with its id once it has started. */
export const runNextTask: Command = async (deps) => {
  const running = await (await deps.engine()).runNext();
  if (running === undefined) {
    tell("information", "No task is ready to run.", [addTaskButton]);
    return undefined;
  }
  deps.openRun(running.task.id, { beside: true });
  return running.task.id;
};
