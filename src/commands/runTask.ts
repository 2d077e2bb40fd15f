import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Starts a ready task out of turn and shows its run. */
export const runTask: Command = async (deps, target) => {
  const id = await chooseTask(deps, "run", target);
  if (id === undefined) return;
  await performAction(deps, "run", id);
  deps.openRun(id, { beside: true });
};
