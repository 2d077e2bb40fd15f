import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import { repositoryOverrides } from "./configSafety.ts";
import type { UnsafeDrivers } from "./configSafety.ts";
import { HardenedGit } from "./hardenedGit.ts";

/** The user's repository. Nothing here ever changes its checkout, index, stash, HEAD or configuration. */
export interface Repository {
  /** Top of the checkout. */
  readonly root: string;
  readonly commonDir: string;
  /** Runs in the checkout, with what the repository's configuration could run taken away. */
  readonly git: HardenedGit;
}

/** Finds the repository of a folder. @throws NOT_A_REPOSITORY, BARE_REPOSITORY, GIT_UNSAFE, GIT_NOT_FOUND. */
export async function openRepository(directory: string, signal: AbortSignal, drivers: UnsafeDrivers = "refuse"): Promise<Repository> {
  const git = new HardenedGit({ cwd: directory, signal });
  const answer = await git.run(["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel"]);
  const [commonDir = "", root = ""] = answer.split("\n");
  if (commonDir === "" || root === "") throw new TaskMasterError("GIT_FAILED", `Git did not say where the repository of ${directory} is.`);
  const config = await repositoryOverrides(git, drivers);
  return { root: path.normalize(root), commonDir: path.normalize(commonDir), git: git.with({ cwd: path.normalize(root), config }) };
}

/** The commit of a local branch; undefined when there is no such branch. */
export async function branchHead(git: HardenedGit, branch: string): Promise<string | undefined> {
  const { exitCode, stdout } = await git.ask(["show-ref", "--verify", "--hash", `refs/heads/${branch}`], { accept: [0, 1, 128] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** The commit of HEAD. @throws NO_COMMIT */
export async function headCommit(git: HardenedGit): Promise<string> {
  const { exitCode, stdout } = await git.ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { accept: [0, 1, 128] });
  if (exitCode === 0) return stdout.trim();
  throw new TaskMasterError("NO_COMMIT", "The repository has no commit yet, so there is nothing to branch from. Make a first commit: git add -A && git commit -m \"Initial commit\"");
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

/** Whether two paths name the same place (case does not count on Windows). */
export function samePath(a: string, b: string): boolean {
  return path.relative(a, b) === "";
}
