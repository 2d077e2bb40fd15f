import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Goes on with a paused task where it was held. */
export const resumeTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "resume", target);
  if (id !== undefined) await performAction(deps, "resume", id);
};
