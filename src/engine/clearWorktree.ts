import { toTaskMasterError } from "../model/errors.ts";
import type { QueueDeps } from "./engineDeps.ts";
import { keepLease } from "./leaseKeeper.ts";
import type { LeasedTask } from "./ports.ts";

/**
 * Saves what an interrupted attempt left in its worktree and removes that, under a lease that is kept meanwhile: the task must not be
 * free before its place is, for whoever starts it next works there. Resolves with where the work was saved, if there was any.
 */
export async function clearWorktree(deps: QueueDeps, leased: LeasedTask, intent: "stop" | "cancel"): Promise<string | undefined> {
  const { git, log } = deps;
  const { id } = leased.task;
  const workspace = leased.continues?.workspace;
  if (workspace === undefined) return undefined;
  const onLost = (): void => log.warn("the lease on the task was lost while its worktree was cleaned up", { task: id });
  const renewal = keepLease(deps, leased, { isAlive: () => true, onLost });
  try {
    return (await git.cleanup(leased, workspace, intent === "stop" ? "branch" : "ref")).savedAs;
  } catch (thrown) {
    log.warn("clean-up failed; the worktree was left as it is", { task: id, error: toTaskMasterError(thrown).message });
    return undefined;
  } finally {
    renewal.dispose();
  }
}
