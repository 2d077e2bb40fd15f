import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Puts a failed, stopped or cancelled task back into the queue. */
export const retryTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "retry", target);
  if (id !== undefined) await performAction(deps, "retry", id);
};
