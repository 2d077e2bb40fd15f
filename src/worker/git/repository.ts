import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import { repositoryOverrides } from "./configSafety.ts";
import { HardenedGit } from "./hardenedGit.ts";
import { together } from "./together.ts";

/** The user's repository. Nothing here ever changes its checkout, index, stash, HEAD or configuration. */
export interface Repository {
  /** Top of the checkout. */
  readonly root: string;
  readonly commonDir: string;
  /** The checkout's own part of it: the same, but where the checkout is a linked worktree. */
  readonly gitDir: string;
  /** Runs in the checkout. */
  readonly git: HardenedGit;
}

/** A local branch as it is now. */
export interface BranchInfo {
  readonly head: string;
  readonly tree: string;
  /** Where it is checked out. */
  readonly checkedOutIn?: string;
}

/** Finds the repository of a folder. @throws NOT_A_REPOSITORY, BARE_REPOSITORY, GIT_UNSAFE (foreign owner), GIT_NOT_FOUND */
export async function locateRepository(directory: string, signal: AbortSignal): Promise<Repository> {
  const git = new HardenedGit({ cwd: directory, signal });
  const answer = await git.run(["rev-parse", "--path-format=absolute", "--git-common-dir", "--absolute-git-dir", "--show-toplevel"]);
  const [commonDir = "", gitDir = "", root = ""] = answer.split("\n");
  if (commonDir === "" || gitDir === "" || root === "") throw new TaskMasterError("GIT_FAILED", `Git did not say where the repository of ${directory} is.`);
  return { root: path.normalize(root), commonDir: path.normalize(commonDir), gitDir: path.normalize(gitDir), git: git.with({ cwd: path.normalize(root) }) };
}

/** Finds the repository and refuses one whose configuration would run programs. @throws as locateRepository; GIT_UNSAFE */
export async function openRepository(directory: string, signal: AbortSignal): Promise<Repository> {
  const [repository, config] = await together([
    locateRepository(directory, signal),
    repositoryOverrides(new HardenedGit({ cwd: directory, signal }), "refuse"),
  ]);
  return { ...repository, git: repository.git.with({ config }) };
}

/** What is known of a local branch; undefined when there is none of this name. */
export async function findBranch(git: HardenedGit, branch: string): Promise<BranchInfo | undefined> {
  const ref = `refs/heads/${branch}`;
  // A pattern also finds what lies below it, and an odd name could be a pattern: only the exact name counts.
  const records = await git.run(["for-each-ref", "--format=%(refname)%00%(objectname)%00%(tree)%00%(worktreepath)", ref]);
  const found = records.split("\n").find((record) => record.startsWith(`${ref}\0`));
  if (found === undefined) return undefined;
  const [, head = "", tree = "", place = ""] = found.split("\0");
  return { head, tree, ...(place === "" ? {} : { checkedOutIn: path.normalize(place) }) };
}

/** The commit of HEAD; undefined before the first commit. */
export async function headCommit(git: HardenedGit): Promise<string | undefined> {
  const { exitCode, stdout } = await git.ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { accept: [0, 1, 128] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** The error for a repository without a commit. */
export function noCommitError(): TaskMasterError {
  return new TaskMasterError(
    "NO_COMMIT",
    'The repository has no commit yet, so there is nothing to branch from. Make a first commit: git add -A && git commit -m "Initial commit"',
  );
}

/** The branch that HEAD is on (also when it has no commit yet); undefined when detached. */
export async function currentBranch(git: HardenedGit): Promise<string | undefined> {
  const { exitCode, stdout } = await git.ask(["symbolic-ref", "--quiet", "HEAD"], { accept: [0, 1] });
  return exitCode === 0 ? stdout.trim().replace(/^refs\/heads\//, "") : undefined;
}

/** Whether the commit `ancestor` is contained in `descendant`. */
export async function isAncestor(git: HardenedGit, ancestor: string, descendant: string): Promise<boolean> {
  // 128: one of them is not a commit of this repository.
  return (await git.ask(["merge-base", "--is-ancestor", ancestor, descendant], { accept: [0, 1, 128] })).exitCode === 0;
}

/** The commit at which two lines of history part; undefined when they have none in common, or one of them is no commit. */
export async function forkPointOf(git: HardenedGit, base: string, other: string): Promise<string | undefined> {
  const { exitCode, stdout } = await git.ask(["merge-base", base, other], { accept: [0, 1, 128] });
  const found = stdout.split("\n")[0] ?? "";
  return exitCode === 0 && found !== "" ? found : undefined;
}

/** Whether two paths name the same place (case does not count on Windows). */
export function samePath(a: string, b: string): boolean {
  return path.relative(a, b) === "";
}
