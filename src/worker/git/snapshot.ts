import { sortOutNested } from "./nestedRepositories.ts";
import type { OpenWorktree } from "./worktrees.ts";

/** The worktree's files as a tree object. */
export interface Snapshot {
  readonly tree: string;
  /** Cloned repositories inside the worktree, which no commit can hold. */
  readonly leftOut: readonly string[];
}

/** Stages everything that is not ignored and writes it as a tree. No hook, no merge, no editor takes part. */
export async function takeSnapshot(worktree: OpenWorktree): Promise<Snapshot> {
  const { leftOut, submodules } = await sortOutNested(worktree);
  const config = [
    ...(worktree.git.setup.config ?? []),
    // Files outside the sparse patterns are part of the work as well; hidden ones keep their bit in the index.
    "core.sparseCheckout=false",
    // Mixed line ends are a matter for review, not a reason to lose the work.
    "core.safecrlf=false",
  ];
  const git = worktree.git.with({ config });
  const excluded = [...leftOut, ...submodules].map((folder) => `:(exclude,top,literal)${folder}`);
  await git.run(["add", "--all", "--", ".", ...excluded]);
  if (submodules.length > 0) await git.run(["update-index", "-z", "--stdin"], { input: `${submodules.join("\0")}\0` });
  return { tree: await git.line(["write-tree"]), leftOut };
}

/** Makes a commit object; no ref moves. */
export async function commitTree({ git }: OpenWorktree, tree: string, commit: { readonly parent: string; readonly message: string }): Promise<string> {
  return git.line(["commit-tree", tree, "-p", commit.parent, "-F", "-"], { input: commit.message });
}

/** Puts a commit on a branch that is still where we saw it; refuses when anybody moved or deleted it meanwhile. */
export async function advanceBranch({ git }: OpenWorktree, branch: string, move: { readonly from: string; readonly to: string }): Promise<void> {
  await git.run(["update-ref", "-m", "task-master: commit", `refs/heads/${branch}`, move.to, move.from]);
}
