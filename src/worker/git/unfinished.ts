import { TaskMasterError } from "../../model/errors.ts";
import { isTaken } from "./branches.ts";
import { ownerKey, type CommitOwner } from "./commitMessage.ts";
import type { HardenedGit } from "./hardenedGit.ts";

const maxSuffix = 200;

/**
 * Keeps a commit of unfinished work under `refs/task-master/unfinished/<taskId>/<attempt>`, or the first free one of that name with
 * -2, -3 ... behind it: what an earlier clean-up of the same attempt saved is never overwritten. Resolves with the ref.
 */
export async function keepUnfinished(git: HardenedGit, owner: CommitOwner, commit: string): Promise<string> {
  const first = `refs/task-master/unfinished/${ownerKey(owner)}`;
  const missing = "0".repeat(commit.length);
  for (let number = 1; number <= maxSuffix; number++) {
    const ref = number === 1 ? first : `${first}-${number}`;
    try {
      // Compare and swap: a ref that exists stays as it is.
      await git.run(["update-ref", "-m", "task-master: unfinished work", ref, commit, missing]);
      return ref;
    } catch (error) {
      if (!isTaken(error)) throw error;
      if (await holdsTheSame(git, ref, commit)) return ref;
    }
  }
  throw new TaskMasterError("GIT_CONFLICT", `There are too many refs named ${first}-<number>. Delete those that you no longer need.`);
}

/** A clean-up that was cut off behind its save is done again: the commit is a new one then, with the same work in it. */
async function holdsTheSame(git: HardenedGit, ref: string, commit: string): Promise<boolean> {
  const [kept, wanted] = await git.list(["log", "--no-walk=unsorted", "-z", "--format=%T %P %s", ref, commit]);
  return wanted === undefined || kept === wanted;
}
