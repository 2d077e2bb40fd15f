import type { HardenedGit } from "./hardenedGit.ts";
import type { WorktreeStatus } from "./status.ts";
import type { OpenWorktree } from "./worktrees.ts";

/** The worktree with settings under which everything in it counts as work. */
export function forSnapshot(worktree: OpenWorktree): OpenWorktree {
  const config = [
    ...(worktree.git.setup.config ?? []),
    // Files outside the sparse patterns are part of the work as well; hidden ones keep their bit in the index.
    "core.sparseCheckout=false",
    // Mixed line ends are a matter for review, not a reason to lose the work.
    "core.safecrlf=false",
  ];
  return { ...worktree, git: worktree.git.with({ config }) };
}

/**
 * Stages what the status names and writes the index as a tree. No hook, no merge, no editor takes part; unlike `git add`
 * it never runs git in a submodule, whose configuration is the agent's: only the commit that it is at is recorded.
 */
export async function takeSnapshot({ git }: OpenWorktree, { unstaged, gone, untracked }: WorktreeStatus): Promise<string> {
  // Alone and first: a link may stand in place of a folder, and update-index refuses to look behind it.
  await update(git, ["--force-remove"], gone);
  await update(git, ["--add", "--remove", "--replace", "--ignore-skip-worktree-entries"], [...unstaged, ...untracked]);
  return git.line(["write-tree"]);
}

async function update(git: HardenedGit, options: readonly string[], paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await git.run(["update-index", ...options, "-z", "--stdin"], { input: `${paths.join("\0")}\0` });
}

/** Makes a commit object; no ref moves. */
export async function commitTree({ git }: OpenWorktree, tree: string, commit: { readonly parent: string; readonly message: string }): Promise<string> {
  return git.line(["commit-tree", tree, "-p", commit.parent, "-F", "-"], { input: commit.message });
}

/** Puts a commit on a branch that is still where we saw it; refuses when anybody moved or deleted it meanwhile. */
export async function advanceBranch({ git }: OpenWorktree, branch: string, move: { readonly from: string; readonly to: string }): Promise<void> {
  await git.run(["update-ref", "-m", "task-master: commit", `refs/heads/${branch}`, move.to, move.from]);
}
