import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Holds a running task at its next tool boundary; its place is kept. */
export const pauseTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "pause", target);
  if (id !== undefined) await performAction(deps, "pause", id);
};
