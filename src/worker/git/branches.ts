import { TaskMasterError } from "../../model/errors.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { findBranch } from "./repository.ts";

const maxSuffix = 200;

/** The branch that a task wants. */
export interface WantedBranch {
  readonly branch: string;
  readonly taskId: string;
}

/** Makes the branch at a commit, under the first free name of branch, branch-2, branch-3 ...; never moves one that exists. */
export async function createBranch(git: HardenedGit, { branch: wanted, taskId }: WantedBranch, base: string): Promise<string> {
  const missing = "0".repeat(base.length);
  for (let number = 1; number <= maxSuffix; number++) {
    const branch = number === 1 ? wanted : `${wanted}-${number}`;
    try {
      // Compare and swap: of several attempts at the same name exactly one gets it.
      await git.run(["update-ref", "--create-reflog", "-m", reflogMark(taskId), `refs/heads/${branch}`, base, missing]);
      return branch;
    } catch (error) {
      if (await isLeftOver(git, { branch, taskId }, base)) return branch;
      if (!isTaken(error) && (await findBranch(git, branch)) === undefined) throw explainNoBranch(error, branch);
    }
  }
  throw new TaskMasterError("GIT_CONFLICT", `There are too many branches named ${wanted}-<number>. Delete those that you no longer need.`);
}

/** Makes a branch that was deleted again, under its own name; refuses when there is one of that name by now. */
export async function remakeBranch(git: HardenedGit, { branch, taskId }: WantedBranch, commit: string): Promise<void> {
  const missing = "0".repeat(commit.length);
  try {
    await git.run(["update-ref", "--create-reflog", "-m", reflogMark(taskId), `refs/heads/${branch}`, commit, missing]);
  } catch (error) {
    throw explainNoBranch(error, branch);
  }
}

/** Whether the branch was made for this task (its reflog says so; a branch without reflog is somebody else's). */
export async function isOwnBranch(git: HardenedGit, branch: string, taskId: string): Promise<boolean> {
  const { stdout } = await git.ask(["reflog", "show", "--format=%gs", `refs/heads/${branch}`, "--"], { accept: [0, 128] });
  return stdout.trimEnd().split("\n").at(-1) === reflogMark(taskId);
}

/** A crash between the branch and its worktree: ours, still at the base, checked out nowhere. */
async function isLeftOver(git: HardenedGit, { branch, taskId }: WantedBranch, base: string): Promise<boolean> {
  const found = await findBranch(git, branch);
  return found !== undefined && found.head === base && found.checkedOutIn === undefined && (await isOwnBranch(git, branch, taskId));
}

/** Whether a ref could not be made because there is one of its name. Git's words: it may be gone again by the time that we look. */
export function isTaken(error: unknown): boolean {
  return error instanceof TaskMasterError && /reference already exists|is at [0-9a-f]+ but expected/.test(error.details ?? "");
}

function reflogMark(taskId: string): string {
  return `task-master: created for ${taskId}`;
}

function explainNoBranch(error: unknown, branch: string): unknown {
  if (!(error instanceof TaskMasterError) || !/exists; cannot create|not a directory|Is a directory/i.test(error.details ?? "")) return error;
  return new TaskMasterError(
    "GIT_CONFLICT",
    `The branch ${branch} cannot be made because a branch has the name of one of its folders. Rename that branch, or change taskMaster.git.branchPrefix.`,
    { cause: error },
  );
}
