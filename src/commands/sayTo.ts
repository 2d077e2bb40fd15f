import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { endedStatuses } from "../model/taskActions.ts";
import type { CommandDeps } from "./commandDeps.ts";

/** Sends words to the agent of a task. One that had ended goes on with them at once where a slot is free; else in its turn. */
export async function sayTo(deps: Pick<CommandDeps, "engine">, id: TaskId, text: string): Promise<void> {
  const engine = await deps.engine();
  const { status } = await engine.get(id);
  await engine.say(id, text);
  if (!endedStatuses.has(status)) return;
  try {
    await engine.run(id);
  } catch (thrown) {
    const { code } = toTaskMasterError(thrown);
    // No slot, a dependency that is open, or somebody was quicker: the words are stored.
    if (code !== "CONFLICT" && code !== "ILLEGAL_TRANSITION") throw thrown;
  }
}
