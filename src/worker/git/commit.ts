import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { buildMessage, idTrailer, ownerKey, stateTrailer } from "./commitMessage.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { sortOutNested } from "./nestedRepositories.ts";
import { findBranch, isAncestor, repositoryOf } from "./repository.ts";
import { advanceBranch, commitTree, forSnapshot, takeSnapshot } from "./snapshot.ts";
import { readStatus } from "./status.ts";
import type { WorktreeStatus } from "./status.ts";
import { together } from "./together.ts";
import { exists, findWhole, openWorktree } from "./worktrees.ts";
import type { OpenWorktree } from "./worktrees.ts";

type CommitInput = HandlerInput<"git.commit">;
type CommitOutput = HandlerOutput<"git.commit">;
type Workspace = CommitInput["workspace"];

/** Tells the task's journal what a person should know. */
export type Warn = (message: string) => void;

/**
 * Commits everything in the worktree. Commits that Goose made itself count too; without uncommitted changes none is made,
 * and when the worktree is gone an earlier commit of this attempt (found by its trailer) is the answer.
 * @throws GIT_CONFLICT when branch, HEAD or base are not as the task left them; NO_IDENTITY, GIT_UNSAFE, DISK_FULL
 */
export async function commitWork(input: CommitInput, signal: AbortSignal, warn: Warn): Promise<CommitOutput> {
  const { workspace } = input;
  const repository = await repositoryOf(workspace, signal);
  const gitDir = await findWhole(repository, workspace.worktree);
  if (gitDir === undefined) return earlierCommit(repository.git, input);
  const worktree = forSnapshot(await openWorktree(repository, { path: workspace.worktree, gitDir }, { drivers: "refuse", identity: input.identity }));
  const { git } = worktree;
  const status = await readStatus(git);
  const head = await checkPlace(repository.git, worktree, workspace, status);
  const { leftOut, ...work } = await sortOutNested(worktree, status);
  if (leftOut.length > 0) warn(`Not committed, because they are Git repositories of their own: ${leftOut.join(", ")}`);
  const staged = work.changed.length + work.untracked.length === 0 ? undefined : await stageWork(worktree, work, { baseSha: workspace.baseSha, head });
  if (staged === undefined) return listWork(git, workspace.baseSha, head);
  const commit = await commitTree(worktree, staged.tree, { parent: head, message: buildMessage(input) });
  const [, earlier] = await together([advanceBranch(worktree, workspace.branch, { from: head, to: commit }), commitsBetween(git, workspace.baseSha, head)]);
  return { commits: [...earlier, commit], files: staged.files };
}

/** What is not committed as a tree, and what that changes since the base; undefined when the tree is that of HEAD. */
async function stageWork(
  worktree: OpenWorktree,
  status: WorktreeStatus,
  { baseSha, head }: { readonly baseSha: string; readonly head: string },
): Promise<{ readonly tree: string; readonly files: string[] } | undefined> {
  const tree = await takeSnapshot(worktree, status);
  if (status.isPlain && head === baseSha) return { tree, files: [...status.changed, ...status.untracked].sort() };
  const [files, more] = await together([changedBetween(worktree.git, baseSha, tree), head === baseSha ? undefined : changedBetween(worktree.git, head, tree)]);
  return (more ?? files).length === 0 ? undefined : { tree, files };
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

/** The commit of the branch as it is. A deleted one must not become a root commit, a rewritten one not a wrong base. */
async function checkedBranch(git: HardenedGit, workspace: Workspace): Promise<string> {
  const found = await findBranch(git, workspace.branch);
  if (found === undefined) {
    throw new TaskMasterError("GIT_CONFLICT", `The branch ${workspace.branch} was deleted while the task ran. Retry begins anew.`);
  }
  await checkContains(git, workspace, found.head);
  return found.head;
}

async function checkContains(git: HardenedGit, { branch, baseSha }: Workspace, head: string): Promise<void> {
  if (head === baseSha || (await isAncestor(git, baseSha, head))) return;
  throw new TaskMasterError(
    "GIT_CONFLICT",
    `The branch ${branch} no longer contains the commit ${baseSha.slice(0, 10)} that the task started from: it was rewritten. Retry begins anew.`,
  );
}

/** The worktree is gone: what it held was either committed before or is lost. */
async function earlierCommit(git: HardenedGit, input: CommitInput): Promise<CommitOutput> {
  const { workspace } = input;
  const head = await checkedBranch(git, workspace);
  if (await hasOwnCommit(git, input, head)) return listWork(git, workspace.baseSha, head);
  throw new TaskMasterError("GIT_CONFLICT", `The worktree ${workspace.worktree} is gone, and with it what was not committed. Retry begins anew.`);
}

/** The commit of the branch, which the worktree must be on. @throws GIT_CONFLICT */
async function checkPlace(repository: HardenedGit, { git, gitDir }: OpenWorktree, workspace: Workspace, status: WorktreeStatus): Promise<string> {
  const { head, branch } = status;
  if (head === undefined || branch !== workspace.branch) {
    await checkedBranch(repository, workspace);
    const where = branch === undefined ? "no branch" : `the branch ${branch}`;
    throw new TaskMasterError(
      "GIT_CONFLICT",
      `Goose left its worktree on ${where} instead of ${workspace.branch}, so what belongs to the task is not certain. Retry begins anew.`,
    );
  }
  await checkContains(git, workspace, head);
  if (await exists(path.join(gitDir, "MERGE_HEAD"))) {
    throw new TaskMasterError("GIT_CONFLICT", "Goose left a merge unfinished in its worktree. Retry begins anew.");
  }
  return head;
}

/** Whether the attempt's result was committed before. What was only saved as unfinished does not count. */
async function hasOwnCommit(git: HardenedGit, input: CommitInput, head: string): Promise<boolean> {
  const format = `%(trailers:key=${idTrailer},valueonly,separator=%x2C)%x09%(trailers:key=${stateTrailer},valueonly,separator=%x2C)`;
  const log = await git.run(["log", "--first-parent", `--format=${format}`, `${input.workspace.baseSha}..${head}`]);
  return log.split("\n").some((line) => line === `${ownerKey(input)}\t`);
}
