import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Ends the attempt of a running or paused task; its work stays on its branch. */
export const stopTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "stop", target);
  if (id !== undefined) await performAction(deps, "stop", id);
};
