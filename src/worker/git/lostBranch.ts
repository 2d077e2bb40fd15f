/** The task's branch and its worktree are both gone: what is known of the commits is looked for in git's store of objects. */
import { remakeBranch, type WantedBranch } from "./branches.ts";
import type { Warn } from "./commit.ts";
import { findBranch, isAncestor, type BranchInfo } from "./repository.ts";
import type { HardenedGit } from "./hardenedGit.ts";

/** What is known of a branch that is gone. */
export interface LostBranch extends WantedBranch {
  /** Commits of the task's work that were on it, the newest first. */
  readonly known: readonly string[];
  /** The commit from which the attempt begins without it. */
  readonly base: string;
  /** It belonged to an interrupted attempt, whose agent may have committed without telling us. */
  readonly isInterrupted: boolean;
}

/**
 * Makes the branch again at the newest of its commits that git still has. Undefined when there is none, or when that is part of the
 * base anyway (it was merged). Whatever it is, the journal hears of it.
 */
export async function bringBack(git: HardenedGit, lost: LostBranch, warn: Warn): Promise<BranchInfo | undefined> {
  const { branch, known, base, isInterrupted } = lost;
  const own = isInterrupted ? " Commits that Goose made itself behind it are on no branch any more: git fsck --lost-found lists them." : "";
  const commit = await firstThere(git, known);
  if (commit === undefined) {
    if (known.length > 0 || isInterrupted) warn(`The branch ${branch} was deleted, ${gone(known)}. The attempt starts anew from ${short(base)}.${own}`);
    return undefined;
  }
  if (await isAncestor(git, commit, base)) {
    warn(`The branch ${branch} no longer exists; its commit ${short(commit)} is part of ${short(base)}, from which the attempt starts.`, "info");
    return undefined;
  }
  await remakeBranch(git, lost, commit);
  warn(`The branch ${branch} was deleted. It was made again at the commit ${short(commit)}, the newest that is known of it.${own}`);
  return findBranch(git, branch);
}

function gone([newest]: readonly string[]): string {
  return newest === undefined ? "and no commit of it is known" : `and its commit ${short(newest)} is no longer in the repository: that work is lost`;
}

async function firstThere(git: HardenedGit, commits: readonly string[]): Promise<string | undefined> {
  for (const commit of commits) {
    if ((await git.ask(["cat-file", "-e", `${commit}^{commit}`], { accept: [0, 1, 128] })).exitCode === 0) return commit;
  }
  return undefined;
}

function short(commit: string): string {
  return commit.slice(0, 10);
}
