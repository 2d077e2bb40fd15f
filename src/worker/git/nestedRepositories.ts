import { lstat, readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { OpenWorktree } from "./worktrees.ts";

/** What must not go through a plain `git add`. */
export interface Nested {
  /** Clones of something else: not part of the work. */
  readonly leftOut: readonly string[];
  /** Submodules with files: only the commit that they are at is recorded. */
  readonly submodules: readonly string[];
}

const maxDepth = 20;

/**
 * Finds repositories inside the worktree. Git would record them as a link without their files, and would run git inside
 * them with their configuration, which the agent wrote. A repository without a remote is what a scaffolding tool leaves
 * (`git init`): its files are the work, so its `.git` is removed. One with a remote was cloned: it is left out.
 */
export async function sortOutNested({ path: worktree, git }: OpenWorktree): Promise<Nested> {
  const leftOut = new Set<string>();
  for (let depth = 0; depth < maxDepth; depth++) {
    const untracked = await git.list(["ls-files", "--others", "--exclude-standard", "-z"]);
    const nested = untracked.filter((entry) => entry.endsWith("/")).map((entry) => entry.slice(0, -1));
    const fresh = nested.filter((folder) => !leftOut.has(folder));
    if (fresh.length === 0) break;
    for (const folder of fresh) {
      const gitFolder = path.join(worktree, folder, ".git");
      if (await isScaffold(gitFolder)) await rm(gitFolder, { recursive: true, force: true });
      else leftOut.add(folder);
    }
  }
  return { leftOut: [...leftOut], submodules: await populatedSubmodules(worktree, git) };
}

async function isScaffold(gitFolder: string): Promise<boolean> {
  const found = await lstat(gitFolder).catch(() => undefined);
  if (found?.isDirectory() !== true) return false;
  const config = await readFile(path.join(gitFolder, "config"), "utf8").catch(() => "");
  return !/^\s*\[\s*(remote|include)/im.test(config);
}

async function populatedSubmodules(worktree: string, git: OpenWorktree["git"]): Promise<string[]> {
  const links = (await git.list(["ls-files", "--stage", "-z"])).filter((entry) => entry.startsWith("160000")).map((entry) => entry.slice(entry.indexOf("\t") + 1));
  const populated: string[] = [];
  for (const link of links) {
    if ((await lstat(path.join(worktree, link, ".git")).catch(() => undefined)) !== undefined) populated.push(link);
  }
  return populated;
}
