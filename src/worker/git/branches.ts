import { TaskMasterError } from "../../model/errors.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { branchHead } from "./repository.ts";

const maxSuffix = 200;

/** The branch that a task wants. */
export interface WantedBranch {
  readonly branch: string;
  readonly taskId: string;
}

/** Makes the branch at a commit, under the first free name of branch, branch-2, branch-3 ...; never moves one that exists. */
export async function createBranch(git: HardenedGit, wanted: WantedBranch, base: string): Promise<string> {
  const missing = "0".repeat(base.length);
  for (let number = 1; number <= maxSuffix; number++) {
    const branch = number === 1 ? wanted.branch : `${wanted.branch}-${number}`;
    if (await isLeftOver(git, { branch, taskId: wanted.taskId }, base)) return branch;
    try {
      // Compare and swap: of several attempts at the same name exactly one gets it.
      await git.run(["update-ref", "--create-reflog", "-m", reflogMark(wanted.taskId), `refs/heads/${branch}`, base, missing]);
      return branch;
    } catch (error) {
      if (await branchHead(git, branch) === undefined) throw explainNoBranch(error, branch);
    }
  }
  throw new TaskMasterError("GIT_CONFLICT", `There are too many branches named ${wanted.branch}-<number>. Delete those that you no longer need.`);
}

/** Whether the branch was made for this task (its reflog says so; a branch without reflog is somebody else's). */
export async function isOwnBranch(git: HardenedGit, branch: string, taskId: string): Promise<boolean> {
  const { stdout } = await git.ask(["reflog", "show", "--format=%gs", `refs/heads/${branch}`, "--"], { accept: [0, 128] });
  return stdout.trimEnd().split("\n").at(-1) === reflogMark(taskId);
}

/** A crash between the branch and its worktree: ours, still at the base, checked out nowhere. */
async function isLeftOver(git: HardenedGit, { branch, taskId }: WantedBranch, base: string): Promise<boolean> {
  if ((await branchHead(git, branch)) !== base || !(await isOwnBranch(git, branch, taskId))) return false;
  return (await git.line(["for-each-ref", "--format=%(worktreepath)", `refs/heads/${branch}`])) === "";
}

function reflogMark(taskId: string): string {
  return `task-master: created for ${taskId}`;
}

function explainNoBranch(error: unknown, branch: string): unknown {
  if (!(error instanceof TaskMasterError) || !/exists; cannot create|not a directory|Is a directory/i.test(error.details ?? "")) return error;
  return new TaskMasterError("GIT_CONFLICT", `The branch ${branch} cannot be made because a branch has the name of one of its folders. Rename that branch, or change taskMaster.git.branchPrefix.`, { cause: error });
}
