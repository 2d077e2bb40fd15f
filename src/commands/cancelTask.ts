import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Gives a task up. */
export const cancelTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "cancel", target);
  if (id !== undefined) await performAction(deps, "cancel", id);
};
