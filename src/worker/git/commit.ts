import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { buildMessage, idTrailer, ownerKey, stateTrailer } from "./commitMessage.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { branchHead, currentBranch, isAncestor, openRepository } from "./repository.ts";
import type { Repository } from "./repository.ts";
import { advanceBranch, commitTree, takeSnapshot } from "./snapshot.ts";
import { exists, findRegistration, openWorktree, worktreeState } from "./worktrees.ts";
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
  const repository = await openRepository(workspace.repository, signal);
  const head = await checkedHead(repository, workspace);
  const worktree = await findWorktree(repository, input);
  if (worktree === undefined) {
    if (await hasOwnCommit(repository.git, input, head)) return listWork(repository.git, workspace.baseSha, head);
    throw new TaskMasterError("GIT_CONFLICT", `The worktree ${workspace.worktree} is gone, and with it what was not committed. Retry the task.`);
  }
  await checkPlace(worktree, workspace);
  const snapshot = await takeSnapshot(worktree);
  if (snapshot.leftOut.length > 0) warn(`Not committed, because they are Git repositories of their own: ${snapshot.leftOut.join(", ")}`);
  if (snapshot.tree === (await worktree.git.line(["rev-parse", `${head}^{tree}`]))) return listWork(worktree.git, workspace.baseSha, head);
  const commit = await commitTree(worktree, snapshot.tree, { parent: head, message: buildMessage(input) });
  await advanceBranch(worktree, workspace.branch, { from: head, to: commit });
  return listWork(worktree.git, workspace.baseSha, commit);
}

/** The task's commits (oldest first; of merged branches only the merge) and the paths that they changed. */
export async function listWork(git: HardenedGit, baseSha: string, head: string): Promise<CommitOutput> {
  const [commits, files] = await Promise.all([
    git.run(["rev-list", "--reverse", "--first-parent", `${baseSha}..${head}`]),
    git.list(["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", baseSha, head, "--"]),
  ]);
  return { commits: commits.split("\n").filter((line) => line !== ""), files };
}

/** The branch's commit. A deleted branch must not become a root commit, a rewritten one not a wrong base. */
async function checkedHead({ git }: Repository, { branch, baseSha }: Workspace): Promise<string> {
  const head = await branchHead(git, branch);
  if (head === undefined) {
    throw new TaskMasterError("GIT_CONFLICT", `The branch ${branch} was deleted while the task ran. The files are still in the worktree; make the branch again and retry the task.`);
  }
  if (await isAncestor(git, baseSha, head)) return head;
  throw new TaskMasterError("GIT_CONFLICT", `The branch ${branch} no longer contains the commit ${baseSha.slice(0, 10)} that the task started from: it was rewritten. Look at it, then retry the task.`);
}

async function findWorktree(repository: Repository, { workspace, identity }: CommitInput): Promise<OpenWorktree | undefined> {
  const gitDir = await findRegistration(repository.commonDir, workspace.worktree);
  if (gitDir === undefined || (await worktreeState(workspace.worktree, gitDir)) !== "whole") return undefined;
  return openWorktree(repository, { path: workspace.worktree, gitDir }, { drivers: "refuse", identity });
}

async function checkPlace({ path: folder, git, gitDir }: OpenWorktree, { branch }: Workspace): Promise<void> {
  const current = await currentBranch(git);
  if (current !== branch) {
    const where = current === undefined ? "no branch" : `the branch ${current}`;
    throw new TaskMasterError("GIT_CONFLICT", `The worktree ${folder} is on ${where} instead of ${branch}. Check out ${branch} there with the work on it, then retry the task.`);
  }
  if (await exists(path.join(gitDir, "MERGE_HEAD"))) {
    throw new TaskMasterError("GIT_CONFLICT", `A merge is unfinished in the worktree ${folder}. Finish it or run "git merge --abort" there, then retry the task.`);
  }
}

/** Whether the attempt's result was committed before. What was only saved as unfinished does not count. */
async function hasOwnCommit(git: HardenedGit, input: CommitInput, head: string): Promise<boolean> {
  const format = `%(trailers:key=${idTrailer},valueonly,separator=%x2C)%x09%(trailers:key=${stateTrailer},valueonly,separator=%x2C)`;
  const log = await git.run(["log", "--first-parent", `--format=${format}`, `${input.workspace.baseSha}..${head}`]);
  return log.split("\n").some((line) => line === `${ownerKey(input)}\t`);
}
