import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { repositoryOf } from "./repository.ts";
import { readStatus } from "./status.ts";
import { findWhole, openWorktree } from "./worktrees.ts";

/** Paths that differ from the commit at which the attempt began, committed or not, untracked ones included, ignored ones not; a rename is both of its paths. */
export async function changedPaths({ workspace }: HandlerInput<"git.changes">, signal: AbortSignal): Promise<HandlerOutput<"git.changes">> {
  const repository = await repositoryOf(workspace, signal);
  const gitDir = await findWhole(repository, workspace.worktree);
  if (gitDir === undefined) throw new TaskMasterError("GIT_CONFLICT", `The worktree ${workspace.worktree} is gone. Retry the task.`);
  const { git } = await openWorktree(repository, { path: workspace.worktree, gitDir }, { drivers: "refuse" });
  const { head, changed, untracked, isPlain } = await readStatus(git);
  const tracked = isPlain && head === workspace.startSha ? changed : await differing(git, workspace.startSha);
  return { files: [...new Set([...tracked, ...untracked])].sort() };
}

/** What `status` does not say: what was committed, and what was staged and then changed back. */
async function differing(git: HardenedGit, base: string): Promise<string[]> {
  return git.list(["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", base, "--"]);
}
