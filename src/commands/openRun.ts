import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";

/** Shows what Goose says and does on a task. */
export const openRun: Command = async (deps, target) => {
  const id = await chooseTask(deps, "open", target);
  if (id !== undefined) deps.openRun((await (await deps.engine()).get(id)).id);
};
