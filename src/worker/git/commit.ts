import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { buildMessage, idTrailer, ownerKey, stateTrailer } from "./commitMessage.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { currentBranch, findBranch, isAncestor, locateRepository, samePath } from "./repository.ts";
import type { BranchInfo } from "./repository.ts";
import { advanceBranch, commitTree, takeSnapshot } from "./snapshot.ts";
import { together } from "./together.ts";
import { exists, findWhole, openWorktree } from "./worktrees.ts";
import type { OpenWorktree } from "./worktrees.ts";
import { assertOurs } from "./worktreeLease.ts";

type CommitInput = HandlerInput<"git.commit">;
type CommitOutput = HandlerOutput<"git.commit">;
type Workspace = CommitInput["workspace"];

/** Tells the task's journal what a person should know; without a level it is a warning. */
export type Warn = (message: string, level?: "info" | "warn") => void;

/** How many ignored files and folders are named. */
const maxNamed = 10;

/**
 * Commits everything in the worktree. Commits that Goose made itself count too; without uncommitted changes none is made,
 * and when the worktree is gone an earlier commit of this attempt (found by its trailer) is the answer.
 * @throws GIT_CONFLICT when branch, HEAD or base are not as the task left them; NO_IDENTITY, GIT_UNSAFE, DISK_FULL
 */
export async function commitWork(input: CommitInput, signal: AbortSignal, warn: Warn): Promise<CommitOutput> {
  const { workspace } = input;
  const repository = await locateRepository(workspace.repository, signal);
  const gitDir = await findWhole(repository, workspace.worktree);
  if (gitDir === undefined) return earlierCommit(repository.git, input);
  const [worktree, branch] = await together([
    openWorktree(repository, { path: workspace.worktree, gitDir }, { drivers: "refuse", identity: input.identity }),
    checkedBranch(repository.git, workspace),
  ]);
  await checkPlace(worktree, workspace.branch, branch);
  const [{ tree, leftOut, filled }, ignored] = await together([takeSnapshot(worktree), ignoredPaths(worktree.git)]);
  // The acceptance commands saw them, whoever checks the branch out will not.
  if (ignored.length > 0) warn(`Not committed, because Git ignores them: ${named(ignored)}`, "info");
  if (leftOut.length > 0) warn(`Not committed, because they are Git repositories of their own: ${leftOut.join(", ")}`);
  if (filled.length > 0) warn(`Not committed, because they lie in the folder of a submodule that is not checked out here: the files in ${filled.join(", ")}`);
  if (tree === branch.tree) return listWork(worktree.git, workspace.baseSha, branch.head);
  const [commit, files] = await together([
    commitTree(worktree, tree, { parent: branch.head, message: buildMessage(input) }),
    changedBetween(worktree.git, workspace.baseSha, tree),
  ]);
  await assertOurs(gitDir, input.token);
  const [, earlier] = await together([
    advanceBranch(worktree, workspace.branch, { from: branch.head, to: commit }),
    commitsBetween(worktree.git, workspace.baseSha, branch.head),
  ]);
  return { commits: [...earlier, commit], files };
}

/** Ignored files; of a folder that is ignored as a whole only its name. */
async function ignoredPaths(git: HardenedGit): Promise<readonly string[]> {
  return git.list(["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"]);
}

function named(paths: readonly string[]): string {
  const more = paths.length - maxNamed;
  return paths.slice(0, maxNamed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

async function listWork(git: HardenedGit, baseSha: string, head: string): Promise<CommitOutput> {
  const [commits, files] = await together([commitsBetween(git, baseSha, head), changedBetween(git, baseSha, head)]);
  return { commits, files };
}

/** Oldest first; of branches that were merged only the merge. */
async function commitsBetween(git: HardenedGit, base: string, head: string): Promise<string[]> {
  if (base === head) return [];
  return (await git.run(["rev-list", "--reverse", "--first-parent", `${base}..${head}`])).split("\n").filter((line) => line !== "");
}

async function changedBetween(git: HardenedGit, base: string, head: string): Promise<string[]> {
  if (base === head) return [];
  return git.list(["diff-tree", "-r", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", base, head, "--"]);
}

/** The branch as it is. A deleted one must not become a root commit, a rewritten one not a wrong base. */
async function checkedBranch(git: HardenedGit, { branch, baseSha }: Workspace): Promise<BranchInfo> {
  const found = await findBranch(git, branch);
  if (found === undefined) {
    throw new TaskMasterError("GIT_CONFLICT", `The branch ${branch} was deleted while the task ran. Retry begins anew.`);
  }
  if (found.head === baseSha || (await isAncestor(git, baseSha, found.head))) return found;
  throw new TaskMasterError(
    "GIT_CONFLICT",
    `The branch ${branch} no longer contains the commit ${baseSha.slice(0, 10)} that the task started from: it was rewritten. Retry begins anew.`,
  );
}

/** The worktree is gone: what it held was either committed before or is lost. */
async function earlierCommit(git: HardenedGit, input: CommitInput): Promise<CommitOutput> {
  const { workspace } = input;
  const { head } = await checkedBranch(git, workspace);
  if (await hasOwnCommit(git, input, head)) return listWork(git, workspace.baseSha, head);
  throw new TaskMasterError("GIT_CONFLICT", `The worktree ${workspace.worktree} is gone, and with it what was not committed. Retry begins anew.`);
}

async function checkPlace({ path: folder, git, gitDir }: OpenWorktree, branch: string, { checkedOutIn }: BranchInfo): Promise<void> {
  const current = checkedOutIn !== undefined && samePath(checkedOutIn, folder) ? branch : await currentBranch(git);
  if (current !== branch) {
    const where = current === undefined ? "no branch" : `the branch ${current}`;
    throw new TaskMasterError(
      "GIT_CONFLICT",
      `Goose left its worktree on ${where} instead of ${branch}, so what belongs to the task is not certain. Retry begins anew.`,
    );
  }
  if (await exists(path.join(gitDir, "MERGE_HEAD"))) {
    throw new TaskMasterError("GIT_CONFLICT", "Goose left a merge unfinished in its worktree. Retry begins anew.");
  }
}

/** Whether the attempt's result was committed before. What was only saved as unfinished does not count. */
async function hasOwnCommit(git: HardenedGit, input: CommitInput, head: string): Promise<boolean> {
  const format = `%(trailers:key=${idTrailer},valueonly,separator=%x2C)%x09%(trailers:key=${stateTrailer},valueonly,separator=%x2C)`;
  const log = await git.run(["log", "--first-parent", `--format=${format}`, `${input.workspace.baseSha}..${head}`]);
  return log.split("\n").some((line) => line === `${ownerKey(input)}\t`);
}
