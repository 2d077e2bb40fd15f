import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { isOwnBranch } from "./branches.ts";
import type { Warn } from "./commit.ts";
import { buildMessage } from "./commitMessage.ts";
import type { CommitIdentity } from "./gitEnvironment.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { checkIdentity } from "./inspect.ts";
import { filledSubmodules } from "./nestedRepositories.ts";
import { currentBranch, findBranch, headCommit, isAncestor, locateRepository, samePath } from "./repository.ts";
import type { BranchInfo } from "./repository.ts";
import { revealHidden } from "./revealHidden.ts";
import { advanceBranch, commitTree, takeFilledSnapshot, takeSnapshot } from "./snapshot.ts";
import { together } from "./together.ts";
import { keepUnfinished } from "./unfinished.ts";
import { findWhole, openWorktree, removeWorktree } from "./worktrees.ts";
import { assertOurs } from "./worktreeLease.ts";
import type { OpenWorktree } from "./worktrees.ts";

type CleanupInput = HandlerInput<"git.cleanup">;

const fallbackIdentity: CommitIdentity = { name: "Task Master", email: "task-master@localhost" };

/**
 * Saves what is unfinished, then removes the worktree; a branch without a commit of its own goes too. Ignored files
 * vanish with the worktree. May be called again after a crash anywhere in it.
 * @throws GIT_UNSAFE and GIT_FAILED before anything is removed, when the work could not be saved
 */
export async function cleanUp(input: CleanupInput, signal: AbortSignal, warn: Warn): Promise<HandlerOutput<"git.cleanup">> {
  const { workspace } = input;
  const repository = await locateRepository(workspace.repository, signal);
  const gitDir = await findWhole(repository, workspace.worktree);
  if (gitDir !== undefined) await assertOurs(gitDir, input.token);
  const [worktree, branch] = await together([
    gitDir === undefined ? undefined : openWorktree(repository, { path: workspace.worktree, gitDir }, { drivers: "neutralise" }),
    findBranch(repository.git, workspace.branch),
  ]);
  const savedAs = worktree === undefined ? undefined : await saveAll(worktree, branch, input, warn);
  await removeWorktree(repository, workspace.worktree);
  if (savedAs !== workspace.branch) await settleBranch(repository.git, input, branch?.head);
  return savedAs === undefined ? {} : { savedAs };
}

/** Resolves with where work was saved that nothing else holds. */
async function saveAll(worktree: OpenWorktree, branch: BranchInfo | undefined, input: CleanupInput, warn: Warn): Promise<string | undefined> {
  const isUsual = input.keep === "branch" || branch?.head === input.workspace.startSha;
  const [isCommitted, filled] = await together([isUsual ? isAllCommitted(worktree, branch) : false, filledSubmodules(worktree)]);
  if (isCommitted && filled.length === 0) return undefined;
  const named = await withIdentity(worktree, input.identity);
  const savedAs = isCommitted ? undefined : await saveUnfinished(named, input, warn);
  const filledAs = filled.length === 0 ? undefined : await saveFilled(named, filled, input);
  if (filledAs !== undefined)
    warn(`No commit of the task can hold the files in the folder of a submodule (${filled.join(", ")}): they are kept at ${filledAs}`);
  return savedAs ?? filledAs;
}

/** Never on the branch, as the submodule itself is not there. */
async function saveFilled(worktree: OpenWorktree, filled: readonly string[], input: CleanupInput): Promise<string | undefined> {
  const { git } = worktree;
  const tree = await takeFilledSnapshot(worktree, filled);
  if (tree === undefined) return undefined;
  const message = buildMessage({ ...input, subject: `Unfinished: ${input.title}`, body: "", isUnfinished: true });
  return keepUnfinished(git, input, await commitTree(worktree, tree, { parent: (await headCommit(git)) ?? input.workspace.baseSha, message }));
}

/** The usual case, seen at small cost: on its branch, and nothing is changed. */
async function isAllCommitted(worktree: OpenWorktree, branch: BranchInfo | undefined): Promise<boolean> {
  const { path: folder, git } = worktree;
  if (branch?.checkedOutIn === undefined || !samePath(branch.checkedOutIn, folder)) return false;
  await revealHidden(worktree);
  return (await git.run(["status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--no-renames"])) === "";
}

/** Commits what HEAD does not have; resolves with the ref that holds it, undefined when there was nothing to save. */
async function saveUnfinished(worktree: OpenWorktree, input: CleanupInput, warn: Warn): Promise<string | undefined> {
  const { git } = worktree;
  const { branch, baseSha } = input.workspace;
  const [head, current] = [await headCommit(git), await currentBranch(git)];
  const parent = head ?? baseSha;
  const snapshot = await takeSnapshot(worktree);
  if (snapshot.leftOut.length > 0) warn(`Removed with the worktree, because they are Git repositories of their own: ${snapshot.leftOut.join(", ")}`);
  const isSaved = snapshot.tree === (await git.line(["rev-parse", `${parent}^{tree}`]));
  if (isSaved && (await needsNoRef(git, input, { head, current }))) return undefined;
  const message = buildMessage({ ...input, subject: `Unfinished: ${input.title}`, body: "", isUnfinished: true });
  const commit = isSaved ? parent : await commitTree(worktree, snapshot.tree, { parent, message });
  const isOnBranch = current === branch && head !== undefined && (await isAncestor(git, baseSha, head));
  if (input.keep === "branch" && isOnBranch) {
    await advanceBranch(worktree, branch, { from: head, to: commit });
    return branch;
  }
  return keepUnfinished(git, input, commit);
}

/** Commits that no branch will hold (a detached HEAD, those of a failed attempt) are unfinished work as well. */
async function needsNoRef(
  git: HardenedGit,
  { keep, workspace }: CleanupInput,
  { head, current }: { readonly head: string | undefined; readonly current: string | undefined },
): Promise<boolean> {
  if (head === undefined) return true;
  if (keep === "ref") return head === workspace.startSha;
  return current !== undefined || isHeld(git, head);
}

/** Saving must not fail for want of a name. */
async function withIdentity(worktree: OpenWorktree, identity: CommitIdentity): Promise<OpenWorktree> {
  const named = { ...worktree, git: worktree.git.with({ identity }) };
  try {
    await checkIdentity(named.git);
    return named;
  } catch (error) {
    if (!(error instanceof TaskMasterError) || error.code !== "NO_IDENTITY") throw error;
    return { ...worktree, git: worktree.git.with({ identity: { ...fallbackIdentity, ...identity } }) };
  }
}

async function isHeld(git: OpenWorktree["git"], commit: string): Promise<boolean> {
  return (await git.line(["for-each-ref", "--count=1", "--format=%(refname)", `--contains=${commit}`])) !== "";
}

/** What a failed attempt committed is under the ref by now: the next one begins where this one began. A branch without commits goes. */
async function settleBranch(git: HardenedGit, input: CleanupInput, head: string | undefined): Promise<void> {
  const { branch, baseSha, startSha } = input.workspace;
  if (head === undefined) return;
  const isToBeReset = input.keep === "ref" && head !== startSha && (await isAncestor(git, startSha, head)) && (await isOwnBranch(git, branch, input.taskId));
  if (isToBeReset) await git.run(["update-ref", "-m", "task-master: attempt ended", `refs/heads/${branch}`, startSha, head]);
  if ((isToBeReset ? startSha : head) === baseSha) await deleteEmptyBranch(git, input);
}

async function deleteEmptyBranch(git: HardenedGit, { workspace: { branch, baseSha }, taskId }: CleanupInput): Promise<void> {
  const [found, isOwn] = await together([findBranch(git, branch), isOwnBranch(git, branch, taskId)]);
  // The user may have checked it out to look at it; after an earlier cleanup another task may have the name.
  if (found?.head === baseSha && found.checkedOutIn === undefined && isOwn) await git.run(["update-ref", "-d", `refs/heads/${branch}`, baseSha]);
}
