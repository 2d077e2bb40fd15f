import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { filledSubmodules } from "./nestedRepositories.ts";
import { locateRepository } from "./repository.ts";
import { revealHidden } from "./revealHidden.ts";
import { together } from "./together.ts";
import { findWhole, openWorktree, type OpenWorktree } from "./worktrees.ts";

/**
 * Paths that differ from the commit at which the attempt began, committed or not, untracked ones included, ignored ones not; a rename is both of its paths.
 * @throws VERIFICATION_FAILED when the only files that were written are in places that no commit can hold
 */
export async function changedPaths({ workspace }: HandlerInput<"git.changes">, signal: AbortSignal): Promise<HandlerOutput<"git.changes">> {
  const repository = await locateRepository(workspace.repository, signal);
  const gitDir = await findWhole(repository, workspace.worktree);
  if (gitDir === undefined) throw new TaskMasterError("GIT_CONFLICT", `The worktree ${workspace.worktree} is gone. Retry the task.`);
  const place = await openWorktree(repository, { path: workspace.worktree, gitDir }, { drivers: "refuse" });
  await revealHidden(place);
  const { git } = place;
  const [tracked, untracked] = await together([
    git.list(["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", workspace.startSha, "--"]),
    git.list(["ls-files", "--others", "--exclude-standard", "-z"]),
  ]);
  if (tracked.length + untracked.length === 0) await checkSubmodules(place);
  return { files: [...new Set([...tracked, ...untracked])].sort() };
}

/** That nothing has changed would not be true where files were written to a place that no commit can hold. */
async function checkSubmodules(place: OpenWorktree): Promise<void> {
  const filled = await filledSubmodules(place);
  if (filled.length === 0) return;
  throw new TaskMasterError(
    "VERIFICATION_FAILED",
    `All that was written lies in the folder of a submodule that is not checked out in the task's worktree (${filled.join(", ")}), which no commit of this repository can hold. ` +
      "Give the task to the submodule's own repository, or say in its text which other file shall change, then Retry it.",
    { retryable: false },
  );
}
