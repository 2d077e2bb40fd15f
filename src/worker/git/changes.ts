import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { locateRepository } from "./repository.ts";
import { revealHidden } from "./revealHidden.ts";
import { together } from "./together.ts";
import { findWhole, openWorktree } from "./worktrees.ts";

/** Paths that differ from the commit at which the attempt began, committed or not, untracked ones included, ignored ones not; a rename is both of its paths. */
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
  return { files: [...new Set([...tracked, ...untracked])].sort() };
}
