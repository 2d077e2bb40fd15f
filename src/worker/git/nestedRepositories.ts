import { lstat, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { HardenedGit } from "./hardenedGit.ts";
import { exists } from "./worktrees.ts";
import type { OpenWorktree } from "./worktrees.ts";

/** What must not go through a plain `git add`. */
export interface Nested {
  /** Clones of something else: not part of the work. */
  readonly leftOut: readonly string[];
  /** Folders of submodules that are not checked out, with files in them: no commit can hold both the link and its files. */
  readonly filled: readonly string[];
  /** Submodules with files: only the commit that they are at is recorded. */
  readonly submodules: readonly string[];
  /** All links in the index, with files or without. */
  readonly links: readonly string[];
}

const maxDepth = 20;

/**
 * Finds repositories inside the worktree. Git would record them as a link without their files, and would run git inside
 * them with their configuration, which the agent wrote. A repository without a remote is what a scaffolding tool leaves
 * (`git init`): its files are the work, so its `.git` is removed. One with a remote was cloned: it is left out.
 */
export async function sortOutNested({ path: worktree, git }: OpenWorktree): Promise<Nested> {
  const leftOut = new Set<string>();
  let links: readonly string[] = [];
  for (let depth = 0; depth < maxDepth; depth++) {
    const listed = await git.list(["ls-files", "-t", "--stage", "--others", "--exclude-standard", "-z"]);
    links = listed.filter((entry) => /^\S 160000 /.test(entry)).map((entry) => entry.slice(entry.indexOf("\t") + 1));
    const nested = listed.filter((entry) => entry.startsWith("? ") && entry.endsWith("/")).map((entry) => entry.slice(2, -1));
    const fresh = nested.filter((folder) => !leftOut.has(folder));
    if (fresh.length === 0) break;
    for (const folder of fresh) {
      if (!(await unwrapScaffold(worktree, folder))) leftOut.add(folder);
    }
  }
  const submodules = await populated(worktree, links);
  return { leftOut: [...leftOut], filled: await holdingFiles(worktree, links, submodules), submodules, links };
}

/** The links to other repositories in the index, with files or without. */
export async function linksInIndex(git: HardenedGit): Promise<readonly string[]> {
  const entries = await git.list(["ls-files", "--stage", "-z"]);
  return entries.filter((entry) => entry.startsWith("160000 ")).map((entry) => entry.slice(entry.indexOf("\t") + 1));
}

/** The folders of submodules that are not checked out here and nevertheless hold files. */
export async function filledSubmodules({ path: worktree, git }: OpenWorktree): Promise<readonly string[]> {
  const links = await linksInIndex(git);
  return links.length === 0 ? [] : holdingFiles(worktree, links, await populated(worktree, links));
}

/** Makes a scaffolded repository a plain folder; false when it is a clone. */
export async function unwrapScaffold(worktree: string, folder: string): Promise<boolean> {
  const gitFolder = path.join(worktree, folder, ".git");
  if (!(await isScaffold(gitFolder))) return false;
  await rm(gitFolder, { recursive: true, force: true });
  return true;
}

async function isScaffold(gitFolder: string): Promise<boolean> {
  const found = await lstat(gitFolder).catch(() => undefined);
  if (found?.isDirectory() !== true) return false;
  const config = await readFile(path.join(gitFolder, "config"), "utf8").catch(() => "");
  return !/^\s*\[\s*(remote|include)/im.test(config);
}

/** Git looks into none of them, so that nobody else would tell of what is there. */
async function holdingFiles(worktree: string, links: readonly string[], submodules: readonly string[]): Promise<string[]> {
  const folders = links.filter((link) => !submodules.includes(link));
  const found = await Promise.all(folders.map((folder) => holdsFile(path.join(worktree, folder))));
  return folders.filter((_folder, i) => found[i] === true);
}

async function holdsFile(folder: string): Promise<boolean> {
  // A link in its place is a change that git sees.
  if ((await lstat(folder).catch(() => undefined))?.isDirectory() !== true) return false;
  return (await readdir(folder, { recursive: true, withFileTypes: true })).some((entry) => !entry.isDirectory());
}

async function populated(worktree: string, links: readonly string[]): Promise<string[]> {
  const found = await Promise.all(links.map((link) => exists(path.join(worktree, link, ".git"))));
  return links.filter((_link, i) => found[i] === true);
}
