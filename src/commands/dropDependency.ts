import { isStuck } from "../model/dependencies.ts";
import { chooseBlocker } from "./chooseBlocker.ts";
import type { Command } from "./commandDeps.ts";

/** Lets a blocked task go on without a dependency that will not be done. */
export const dropDependency: Command = async (deps, target) => {
  const chosen = await chooseBlocker(deps, "dropDependency", { target, fits: isStuck });
  if (chosen !== undefined) await (await deps.engine()).changeDependencies(chosen.taskId, { drop: [chosen.blocker.id] });
};
