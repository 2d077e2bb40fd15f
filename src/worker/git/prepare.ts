import { readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { makeFolder } from "../process/makeFolder.ts";
import { createBranch, isOwnBranch } from "./branches.ts";
import type { Warn } from "./commit.ts";
import { HardenedGit } from "./hardenedGit.ts";
import { bringBack } from "./lostBranch.ts";
import { mergeBases, type Base } from "./mergeBases.ts";
import { populateWorktree, programPatterns } from "./populate.ts";
import { currentBranch, findBranch, forkPointOf, headCommit, isAncestor, noCommitError, openRepository, samePath } from "./repository.ts";
import type { Repository } from "./repository.ts";
import { lastCommit, restoreBranch } from "./restoreBranch.ts";
import { together } from "./together.ts";
import { buildMessage } from "./commitMessage.ts";
import { advanceBranch, commitTree, takeSnapshot } from "./snapshot.ts";
import { underWay } from "./underWay.ts";
import { assertOurs, takeWorktree } from "./worktreeLease.ts";
import type { OpenWorktree } from "./worktrees.ts";
import { findRegistration, openWorktree, removeWorktree, worktreeState } from "./worktrees.ts";

type PrepareInput = HandlerInput<"git.prepare">;
type Workspace = HandlerOutput<"git.prepare">;

/** What a place is made from. */
interface Origin {
  readonly repository: Repository;
  readonly input: PrepareInput;
  /** The commit of HEAD, when that is the base and exists. */
  readonly head: string | undefined;
  readonly warn: Warn;
}

/** A branch, the commit from which the task's own work on it starts, and the one from which this attempt's does. */
interface Start {
  readonly branch: string;
  readonly baseSha: string;
  readonly startSha: string;
}

/**
 * The branch and worktree of an attempt: those of the attempt that it continues when they are whole, else new ones.
 * Calling it again with the same input gives the same place.
 * @throws GIT_CONFLICT when a branch or folder is in the way; the codes of openRepository; NO_COMMIT; GIT_UNSAFE
 */
export async function prepareWorkspace(input: PrepareInput, signal: AbortSignal, warn: Warn): Promise<Workspace> {
  // Asked beside the rest to save time; it fails again, with better words, when the folder is no repository.
  const headInAdvance = input.baseBranches.length === 0 ? headCommit(new HardenedGit({ cwd: input.directory, signal })).catch(() => undefined) : undefined;
  const [repository, head] = await together([openRepository(input.directory, signal), headInAdvance]);
  const origin: Origin = { repository, input, head, warn };
  if (input.continues !== undefined) {
    const found = await continueIn(origin, input.continues.worktree, input.continues);
    if (found !== undefined) return found;
  }
  const known = await knownCommits(origin);
  const worktree = await resolvePlace(repository, input.worktree);
  const interrupted = await clearPlace(origin, worktree);
  if (interrupted !== undefined) return interrupted;
  const start = await chooseStart(origin, path.dirname(worktree), known);
  await addWorktree(origin, worktree, start.branch);
  return { repository: repository.root, worktree, ...start, ...(input.continues === undefined ? {} : { isRemade: true }) };
}

/** The interrupted attempt's place with its uncommitted work; undefined when its folder is no longer there. */
async function continueIn(origin: Origin, worktree: string, start: Start): Promise<Workspace | undefined> {
  const { repository, input } = origin;
  const gitDir = await findRegistration(repository.commonDir, worktree);
  if (gitDir === undefined || (await worktreeState(worktree, gitDir)) !== "whole") return undefined;
  const place = await openWorktree(repository, { path: worktree, gitDir }, { drivers: "refuse" });
  const { git } = place;
  const [branch, found] = await together([currentBranch(git), findBranch(git, start.branch)]);
  if (found === undefined && branch !== start.branch) {
    throw new TaskMasterError(
      "GIT_CONFLICT",
      `The branch ${start.branch} of the interrupted task was deleted, and its worktree ${worktree} is on ${branch === undefined ? "no branch" : `the branch ${branch}`}. Make a branch of that name there (git switch -c ${start.branch}), then retry the task.`,
    );
  }
  const head = found?.head ?? (await makeAgain(origin, place, start));
  if (branch !== start.branch || !(await isAncestor(git, start.baseSha, head))) {
    throw new TaskMasterError(
      "GIT_CONFLICT",
      `The worktree ${worktree} is no longer on the branch ${start.branch} as the task left it. Check that branch out there, or retry the task from its beginning.`,
    );
  }
  await takeWorktree(gitDir, input.token);
  return { repository: repository.root, worktree, branch: start.branch, baseSha: start.baseSha, startSha: start.startSha };
}

/** Somebody deleted the branch of a worktree that is still there. */
async function makeAgain({ input, warn }: Origin, place: OpenWorktree, { branch, startSha }: Pick<Start, "branch" | "startSha">): Promise<string> {
  await assertOurs(place.gitDir, input.token);
  const head = await restoreBranch(place, { branch, taskId: input.taskId }, startSha);
  warn(`The branch ${branch} was deleted. It was made again at the commit ${head.slice(0, 10)}, where the task's worktree was.`);
  return head;
}

/** The real path of the wanted worktree, outside the checkout; its parent folder is made. */
async function resolvePlace(repository: Repository, wanted: string): Promise<string> {
  if (!path.isAbsolute(wanted)) throw new TaskMasterError("INVALID_INPUT", `The worktree's path must be absolute: ${wanted}`);
  const parent = path.dirname(path.resolve(wanted));
  await makeFolder(parent);
  const worktree = path.join(await realpath(parent), path.basename(wanted));
  const inside = path.relative(repository.root, worktree);
  if (inside === "" || !(inside.startsWith("..") || path.isAbsolute(inside))) {
    throw new TaskMasterError("INVALID_INPUT", `The worktree ${worktree} must be outside the checkout ${repository.root}.`);
  }
  return worktree;
}

/** Removes what a crash left half made at the path; gives the place back when the task had it ready before the crash. */
async function clearPlace(origin: Origin, worktree: string): Promise<Workspace | undefined> {
  const { repository, input } = origin;
  const gitDir = await findRegistration(repository.commonDir, worktree);
  if (gitDir === undefined) {
    const files = await readdir(worktree).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? [] : ["?"]));
    if (files.length === 0) return undefined;
    throw new TaskMasterError("GIT_CONFLICT", `${worktree} already exists and is not a worktree of this repository. Move it away and retry the task.`);
  }
  if ((await worktreeState(worktree, gitDir)) !== "whole") {
    await removeWorktree(repository, worktree);
    return undefined;
  }
  const place = await openWorktree(repository, { path: worktree, gitDir }, { drivers: "refuse", identity: input.identity });
  const { git } = place;
  const branch = await currentBranch(git);
  if (branch !== undefined && (branch === input.ownBranch || (await isOwnBranch(git, branch, input.taskId)))) {
    const base = await baseCommit(origin);
    if ((await headCommit(git)) === undefined) await makeAgain(origin, place, { branch, startSha: base });
    const baseSha = await forkPoint(repository, branch, base);
    const hasEarlier = input.continues === undefined && input.attempt > 1;
    const startSha = hasEarlier ? await keepLeftovers(place, branch, input) : await headCommit(git);
    return continueIn(origin, worktree, { branch, baseSha, startSha: startSha ?? baseSha });
  }
  throw new TaskMasterError(
    "GIT_CONFLICT",
    `${worktree} is the worktree of other work${branch === undefined ? "" : ` (branch ${branch})`}. Remove it with "git worktree remove" and retry the task.`,
  );
}

/**
 * What an earlier attempt left uncommitted, because it could not be cleaned up, is put on the branch: it is kept, and is no evidence
 * for the attempt that begins now. Resolves with the head from which that counts.
 */
async function keepLeftovers(place: OpenWorktree, branch: string, { taskId, attempt, token }: PrepareInput): Promise<string | undefined> {
  const head = await headCommit(place.git);
  if (head === undefined) return undefined;
  const { tree } = await takeSnapshot(place);
  if (tree === (await place.git.line(["rev-parse", `${head}^{tree}`]))) return head;
  const owner = { taskId, attempt: attempt - 1 };
  const message = buildMessage({ ...owner, subject: "Unfinished: left by an earlier attempt", body: "", isUnfinished: true });
  const commit = await commitTree(place, tree, { parent: head, message });
  await assertOurs(place.gitDir, token);
  await advanceBranch(place, branch, { from: head, to: commit });
  return commit;
}

/** Commits of the task's work, the newest first, for the case that its branch is gone. The worktree's own log is gone with what `clearPlace` removes. */
async function knownCommits({ repository, input: { continues, ownHead } }: Origin): Promise<readonly string[]> {
  const recorded = ownHead === undefined ? [] : [ownHead];
  if (continues === undefined) return recorded;
  const gitDir = await findRegistration(repository.commonDir, continues.worktree);
  const last = gitDir === undefined ? undefined : await lastCommit(gitDir);
  const isOurs = last !== undefined && (await isAncestor(repository.git, continues.baseSha, last));
  return [...(isOurs ? [last] : []), continues.startSha, ...recorded].filter((commit) => commit !== continues.baseSha);
}

async function chooseStart(origin: Origin, ownRoot: string, known: readonly string[]): Promise<Start> {
  const { repository, input, warn } = origin;
  const own = input.continues?.branch ?? input.ownBranch;
  const base = await baseCommit(origin);
  const lost = { taskId: input.taskId, known, base, isInterrupted: input.continues !== undefined };
  const found = own === undefined ? undefined : ((await findBranch(repository.git, own)) ?? (await bringBack(repository.git, { branch: own, ...lost }, warn)));
  if (own === undefined || found === undefined) {
    await warnOfHead(origin);
    return { branch: await createBranch(repository.git, input, base), baseSha: base, startSha: base };
  }
  if (found.checkedOutIn !== undefined) await releaseBranch(repository, { branch: own, place: found.checkedOutIn }, ownRoot);
  const { continues } = input;
  if (continues !== undefined && (await isAncestor(repository.git, continues.baseSha, found.head))) {
    return { branch: own, baseSha: continues.baseSha, startSha: continues.startSha };
  }
  return { branch: own, baseSha: await forkPoint(repository, own, base), startSha: found.head };
}

/** The user's checkout may stand at a commit that is on the way to somewhere else. */
async function warnOfHead({ repository, input, head, warn }: Origin): Promise<void> {
  const what = input.baseBranches.length > 0 || head === undefined ? undefined : await underWay(repository);
  if (what === undefined) return;
  warn(`A ${what} is under way in ${repository.root}: the task starts from its HEAD as it is now (${head?.slice(0, 10)}), which may be half-way.`);
}

/** The commit to build on: HEAD, the one base, or several brought together. */
async function baseCommit({ repository, input: { baseBranches, identity }, head }: Origin): Promise<string> {
  if (baseBranches.length === 0) {
    if (head === undefined) throw noCommitError();
    return head;
  }
  const bases = await together(baseBranches.map((branch) => findBase(repository, branch)));
  return mergeBases(repository, bases, identity);
}

async function findBase(repository: Repository, branch: string): Promise<Base> {
  const base = await findBranch(repository.git, branch);
  if (base !== undefined) return { branch, head: base.head };
  throw new TaskMasterError(
    "GIT_CONFLICT",
    `The branch ${branch}, on which this task builds, no longer exists. Make it again (its commits are in git's reflog), then retry the task.`,
  );
}

/** Where the branch left the line that it started from; what lies behind it is the task's own work. */
async function forkPoint(repository: Repository, branch: string, base: string): Promise<string> {
  const found = await forkPointOf(repository.git, base, `refs/heads/${branch}`);
  if (found !== undefined) return found;
  throw new TaskMasterError(
    "GIT_CONFLICT",
    `The branch ${branch} has no history in common with the commit that the task starts from. Delete or rename it and retry the task.`,
  );
}

/** A branch can be checked out once. What a crash left under our own root is cleared; any other checkout is somebody's. */
async function releaseBranch(repository: Repository, { branch, place }: { readonly branch: string; readonly place: string }, ownRoot: string): Promise<void> {
  const gitDir = await findRegistration(repository.commonDir, place);
  const isOurs = gitDir !== undefined && samePath(path.dirname(place), ownRoot);
  if (isOurs && (await worktreeState(place, gitDir)) !== "whole") return removeWorktree(repository, place);
  throw new TaskMasterError("GIT_CONFLICT", `The task's branch ${branch} is checked out in ${place}. Check out another branch there and retry the task.`);
}

async function addWorktree({ repository, input: { token } }: Origin, worktree: string, branch: string): Promise<void> {
  // Filled in a second step: git would do it in a child process that outlives an abort.
  const [patterns] = await together([
    programPatterns(repository.git, `refs/heads/${branch}`),
    repository.git.run(["worktree", "add", "--no-checkout", worktree, branch]),
  ]);
  const gitDir = await findRegistration(repository.commonDir, worktree);
  if (gitDir === undefined) throw new TaskMasterError("GIT_FAILED", `Git did not register the worktree ${worktree}.`);
  try {
    await takeWorktree(gitDir, token);
    await populateWorktree(await openWorktree(repository, { path: worktree, gitDir }, { drivers: "refuse" }), patterns);
  } catch (error) {
    await removeWorktree(repository, worktree).catch(() => undefined);
    throw error;
  }
}
