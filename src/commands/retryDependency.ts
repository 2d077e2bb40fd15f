import { canBeRetried } from "../model/dependencies.ts";
import { chooseBlocker } from "./chooseBlocker.ts";
import type { Command } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";

/** Puts the failed, cancelled or stopped task that blocks another one back into the queue. */
export const retryDependency: Command = async (deps, target) => {
  const chosen = await chooseBlocker(deps, "retryDependency", { target, fits: canBeRetried });
  if (chosen !== undefined) await performAction(deps, "retry", chosen.blocker.id);
};
