import { TaskMasterError } from "../../model/errors.ts";
import type { CommitIdentity } from "./gitEnvironment.ts";
import { isAncestor } from "./repository.ts";
import type { BranchInfo, Repository } from "./repository.ts";

/** A branch to build on. */
export interface Base extends Pick<BranchInfo, "head"> {
  readonly branch: string;
}

/**
 * One commit that holds the work of all bases: the first, with each other one merged into it that it does not hold yet.
 * Commits are made as objects; no branch moves and nothing is checked out.
 * @throws GIT_CONFLICT naming the files when bases contradict each other; GIT_FAILED with a git older than 2.38; NO_IDENTITY
 */
export async function mergeBases(repository: Repository, bases: readonly Base[], identity: CommitIdentity): Promise<string> {
  const [first, ...others] = bases;
  if (first === undefined) throw new TaskMasterError("INTERNAL", "There is no base to build on.");
  let head = first.head;
  const held = [first.branch];
  for (const other of others) {
    if (!(await isAncestor(repository.git, other.head, head))) head = await merge(repository, { head, held, other, identity });
    held.push(other.branch);
  }
  return head;
}

interface Merge {
  readonly head: string;
  /** The branches that `head` holds. */
  readonly held: readonly string[];
  readonly other: Base;
  readonly identity: CommitIdentity;
}

async function merge(repository: Repository, { head, held, other, identity }: Merge): Promise<string> {
  if (await isAncestor(repository.git, head, other.head)) return other.head;
  const answer = await repository.git.ask(["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", head, other.head], { accept: [0, 1, 129] });
  const [tree = "", ...conflicts] = answer.stdout.split("\0").filter((part) => part !== "");
  if (answer.exitCode === 129) {
    throw new TaskMasterError(
      "GIT_FAILED",
      "A task that depends on several others needs git 2.38 or newer to bring their branches together. Update git, then retry the task.",
    );
  }
  if (answer.exitCode === 1) {
    throw new TaskMasterError(
      "GIT_CONFLICT",
      `The branches that this task builds on contradict each other: ${other.branch} and ${held.join(", ")} differ in ${conflicts.slice(0, 10).join(", ")}. ` +
        `Merge one into the other by hand, then retry the task.`,
    );
  }
  const message = `Merge ${other.branch} with ${held.join(", ")}\n`;
  return repository.git.with({ identity }).line(["commit-tree", tree, "-p", head, "-p", other.head, "-F", "-"], { input: message });
}
