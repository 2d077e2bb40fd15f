/**
 * Our worktrees. Everything is decided from the user's side of the repository (`<common dir>/worktrees/*`): the `.git`
 * file inside a worktree belongs to the agent and is never followed, only put right.
 */
import { lstat, readdir, readFile, realpath, rm, stat, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import { repositoryOverrides } from "./configSafety.ts";
import type { UnsafeDrivers } from "./configSafety.ts";
import type { CommitIdentity } from "./gitEnvironment.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { samePath } from "./repository.ts";
import type { Repository } from "./repository.ts";

const removingMarker = "task-master-removing";

/** A worktree that can be worked in. */
export interface OpenWorktree {
  readonly path: string;
  readonly gitDir: string;
  /** Runs in the worktree with its repository named explicitly. */
  readonly git: HardenedGit;
}

/** How a worktree is opened. */
export interface OpenOptions {
  readonly drivers: UnsafeDrivers;
  readonly identity?: CommitIdentity;
}

/** gone: no folder; whole: can be worked in; broken: half made or half removed. */
export type WorktreeState = "gone" | "whole" | "broken";

/** The git directory that the repository registered for a worktree; undefined when it knows none at this path. */
export async function findRegistration(commonDir: string, worktree: string): Promise<string | undefined> {
  const folder = path.join(commonDir, "worktrees");
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const gitDir = path.join(folder, entry.name);
    const pointer = await readText(path.join(gitDir, "gitdir"));
    if (pointer !== undefined && samePath(path.resolve(gitDir, pointer.trim()), path.join(worktree, ".git"))) return gitDir;
  }
  return undefined;
}

/** @throws GIT_UNSAFE when something that is not a plain folder stands at the worktree's path. */
export async function worktreeState(worktree: string, gitDir: string): Promise<WorktreeState> {
  const found = await lstat(worktree).catch(() => undefined);
  if (found === undefined) return "gone";
  if (!found.isDirectory() || !samePath(await realpath(worktree), worktree)) {
    throw new TaskMasterError(
      "GIT_UNSAFE",
      `The worktree ${worktree} was replaced by a link or a file. Look at where it leads, then delete it and retry the task.`,
    );
  }
  // Git locks a worktree while it makes it; ours is filled by read-tree, whose last act is the index.
  const isHalf = await Promise.all([exists(path.join(gitDir, removingMarker)), isInitializing(gitDir), exists(path.join(gitDir, "index")).then((has) => !has)]);
  return isHalf.includes(true) ? "broken" : "whole";
}

/** The git directory of a worktree that can be worked in; undefined when it is gone or broken. @throws GIT_UNSAFE */
export async function findWhole(repository: Repository, worktree: string): Promise<string | undefined> {
  const gitDir = await findRegistration(repository.commonDir, worktree);
  return gitDir !== undefined && (await worktreeState(worktree, gitDir)) === "whole" ? gitDir : undefined;
}

/** Opens a worktree that exists, past whatever its `.git` file says. @throws GIT_UNSAFE */
export async function openWorktree(
  repository: Repository,
  place: { readonly path: string; readonly gitDir: string },
  options: OpenOptions,
): Promise<OpenWorktree> {
  await checkCommonDir(repository.commonDir, place.gitDir);
  await restorePointer(place.path, place.gitDir);
  const plain = repository.git.with({
    cwd: place.path,
    gitDir: place.gitDir,
    config: [],
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  });
  return { ...place, git: plain.with({ config: await repositoryOverrides(plain, options.drivers) }) };
}

/** Removes one worktree, whatever state it is in, and its registration. Ignored and untracked files vanish with it. */
export async function removeWorktree(repository: Repository, worktree: string): Promise<void> {
  const gitDir = await findRegistration(repository.commonDir, worktree);
  if (gitDir === undefined) return;
  const found = await lstat(worktree).catch(() => undefined);
  if (found !== undefined) {
    await writeFile(path.join(gitDir, removingMarker), "");
    // Git follows a link at the top when it empties a worktree.
    if (!found.isDirectory()) await unlink(worktree);
    else await restorePointer(worktree, gitDir);
  }
  // --force twice: also when it is locked as half made.
  const remove = ["worktree", "remove", "--force", "--force", worktree];
  try {
    await repository.git.run(remove);
  } catch (error) {
    repository.git.setup.signal.throwIfAborted();
    // A late process of the agent wrote while git was deleting. rm follows no link either.
    await rm(worktree, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 }).catch(() => undefined);
    if (await exists(worktree)) throw error;
    await repository.git.run(remove);
  }
}

/** Whether a path exists, links not followed. */
export async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function isInitializing(gitDir: string): Promise<boolean> {
  return (await readText(path.join(gitDir, "locked")))?.trim() === "initializing";
}

/** The agent can also rewrite where the worktree's git directory finds its repository. */
async function checkCommonDir(commonDir: string, gitDir: string): Promise<void> {
  const pointer = (await readText(path.join(gitDir, "commondir")))?.trim();
  if (pointer !== undefined && samePath(path.resolve(gitDir, pointer), commonDir)) return;
  throw new TaskMasterError(
    "GIT_UNSAFE",
    `${path.join(gitDir, "commondir")} was changed and no longer leads to ${commonDir}. Nothing was committed. Restore it ("../..") and retry the task.`,
  );
}

/** Makes the worktree's `.git` lead home again, so that later git commands of the agent and the user work. */
async function restorePointer(worktree: string, gitDir: string): Promise<void> {
  const file = path.join(worktree, ".git");
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() === true && (await stat(file)).size < 8_192) {
    const pointer = /^gitdir: (.*)$/.exec(((await readText(file)) ?? "").trim())?.[1];
    if (pointer !== undefined && samePath(path.resolve(worktree, pointer), gitDir)) return;
  }
  await rm(file, { recursive: true, force: true });
  await writeFile(file, `gitdir: ${gitDir}\n`);
}
