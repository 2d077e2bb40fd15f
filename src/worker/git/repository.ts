import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerOutput } from "../../protocol/handlers.ts";
import { isOneFile, overridesOf, readConfig } from "./configSafety.ts";
import type { ConfigEntry } from "./configSafety.ts";
import { HardenedGit } from "./hardenedGit.ts";
import { readCommonDir, stampConfig } from "./pointers.ts";
import { together } from "./together.ts";

/** The user's repository. Nothing here ever changes its checkout, index, stash, HEAD or configuration. */
export interface Repository {
  /** Top of the checkout. */
  readonly root: string;
  readonly commonDir: string;
  /** Runs in the checkout. */
  readonly git: HardenedGit;
}

/** What is checked out. */
interface Checkout {
  /** Absent before the first commit. */
  readonly head: string | undefined;
  /** Absent when HEAD is detached. */
  readonly branch: string | undefined;
}

/** A repository whose configuration runs nothing, as it was when it was opened. */
export interface OpenRepository extends Repository, Checkout {
  readonly config: readonly ConfigEntry[];
  /** The settings against it. */
  readonly overrides: readonly string[];
  /** Of the `config` file before it was read; undefined when it is not in the usual place. */
  readonly configStamp: string | undefined;
}

/** A local branch as it is now. */
export interface BranchInfo {
  readonly head: string;
  /** Where it is checked out. */
  readonly checkedOutIn?: string;
}

/** Finds the repository of a folder. @throws NOT_A_REPOSITORY, BARE_REPOSITORY, GIT_UNSAFE (foreign owner), GIT_NOT_FOUND */
export async function locateRepository(directory: string, signal: AbortSignal): Promise<Repository> {
  const git = new HardenedGit({ cwd: directory, signal });
  const answer = await git.run(["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel"]);
  const [commonDir = "", root = ""] = answer.split("\n");
  if (commonDir === "" || root === "") throw new TaskMasterError("GIT_FAILED", `Git did not say where the repository of ${directory} is.`);
  return repositoryAt(git, root, commonDir);
}

/**
 * The repository of a workspace. When its common directory is known and the files of the checkout still lead there, git
 * need not be asked. @throws as locateRepository
 */
export async function repositoryOf(workspace: HandlerOutput<"git.prepare">, signal: AbortSignal): Promise<Repository> {
  const { repository: root, commonDir } = workspace;
  const found = commonDir === undefined ? undefined : await readCommonDir(root);
  if (commonDir === undefined || found === undefined || !samePath(found, commonDir)) return locateRepository(root, signal);
  return { root, commonDir, git: new HardenedGit({ cwd: root, signal }) };
}

/** Finds the repository and refuses one whose configuration would run programs. @throws as locateRepository; GIT_UNSAFE */
export async function openRepository(directory: string, signal: AbortSignal): Promise<OpenRepository> {
  const plain = new HardenedGit({ cwd: directory, signal });
  // Git says where the file is while it is read: the usual place is looked at in advance.
  const usual = path.join(directory, ".git");
  const stamp = stampConfig(usual);
  const readChecked = async (): Promise<Pick<OpenRepository, "config" | "overrides">> => {
    const config = await readConfig(plain);
    return { config, overrides: overridesOf(config, "refuse") };
  };
  const [repository, checked] = await together([locateWithHead(plain), readChecked()]);
  const configStamp = samePath(repository.commonDir, usual) ? stamp : undefined;
  return { ...repository, ...checked, configStamp, git: repository.git.with({ config: checked.overrides }) };
}

/** Whether what was read when the repository was opened still counts, also in a worktree that was made since. */
export function isConfigUnchanged({ commonDir, config, configStamp }: OpenRepository): boolean {
  return configStamp !== undefined && isOneFile(config) && stampConfig(commonDir) === configStamp;
}

/** Place and HEAD by one process; what that cannot say (no commit yet, odd names) is asked one by one. */
async function locateWithHead(git: HardenedGit): Promise<Repository & Checkout> {
  const answer = await git
    .run(["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel", "HEAD^{commit}", "--symbolic-full-name", "HEAD"])
    .catch(withoutAnswer);
  const [commonDir = "", root = "", head = "", ref = "", ...rest] = answer.split("\n");
  if (rest.length === 1 && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(head) && /^(HEAD|refs\/.+)$/.test(ref)) {
    return { ...repositoryAt(git, root, commonDir), head, branch: ref === "HEAD" ? undefined : shortBranch(ref) };
  }
  const repository = await locateRepository(git.setup.cwd, git.setup.signal);
  const [commit, branch] = await together([headCommit(repository.git), currentBranch(repository.git)]);
  return { ...repository, head: commit, branch };
}

/** A failure that has a name of its own would come again. */
function withoutAnswer(error: unknown): string {
  if (error instanceof TaskMasterError && error.code === "GIT_FAILED") return "";
  throw error;
}

function repositoryAt(git: HardenedGit, root: string, commonDir: string): Repository {
  return { root: path.normalize(root), commonDir: path.normalize(commonDir), git: git.with({ cwd: path.normalize(root) }) };
}

/** What is known of a local branch; undefined when there is none of this name. */
export async function findBranch(git: HardenedGit, branch: string): Promise<BranchInfo | undefined> {
  const ref = `refs/heads/${branch}`;
  // A pattern also finds what lies below it, and an odd name could be a pattern: only the exact name counts.
  const records = await git.run(["for-each-ref", "--format=%(refname)%00%(objectname)%00%(worktreepath)", ref]);
  const found = records.split("\n").find((record) => record.startsWith(`${ref}\0`));
  if (found === undefined) return undefined;
  const [, head = "", place = ""] = found.split("\0");
  return { head, ...(place === "" ? {} : { checkedOutIn: path.normalize(place) }) };
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
  return exitCode === 0 ? shortBranch(stdout.trim()) : undefined;
}

function shortBranch(ref: string): string {
  return ref.replace(/^refs\/heads\//, "");
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
