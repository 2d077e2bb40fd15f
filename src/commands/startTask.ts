import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Puts a stopped task back into the queue. */
export const startTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "start", target);
  if (id !== undefined) await performAction(deps, "start", id);
};
