import { toTaskMasterError } from "../model/errors.ts";
import type { TaskRun } from "./taskRun.ts";

/**
 * Whether a run of this process did what the user asked for. False when there is none, or when it has lost its lease without knowing
 * it yet (the machine slept, say, and another process took the task): then it ends here, and whoever has the task now is to be asked.
 */
export async function doneByRun(run: TaskRun | undefined, act: (run: TaskRun) => Promise<void>): Promise<boolean> {
  if (run === undefined) return false;
  try {
    await act(run);
    return true;
  } catch (thrown) {
    if (toTaskMasterError(thrown).code !== "STALE_LEASE") throw thrown;
  }
  run.end("lease_lost", "The lease on the task was lost.");
  await run.finished;
  return false;
}
