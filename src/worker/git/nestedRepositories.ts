import { lstat, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { readStatus } from "./status.ts";
import type { WorktreeStatus } from "./status.ts";
import type { OpenWorktree } from "./worktrees.ts";

/** A worktree's status in which no path is a repository of its own. */
export interface SortedStatus extends WorktreeStatus {
  /** Clones of something else: not part of the work. */
  readonly leftOut: readonly string[];
}

const maxDepth = 20;

/**
 * Deals with repositories inside the worktree. Git would record them as a link without their files, and would run git inside
 * them with their configuration, which the agent wrote. A repository without a remote is what a scaffolding tool leaves
 * (`git init`): its files are the work, so its `.git` is removed. One with a remote was cloned: it is left out.
 */
export async function sortOutNested({ path: worktree, git }: OpenWorktree, status: WorktreeStatus): Promise<SortedStatus> {
  const leftOut = new Set<string>();
  let sorted = status;
  for (let depth = 0; depth < maxDepth; depth++) {
    const fresh = sorted.untracked.filter((entry) => isNested(entry) && !leftOut.has(entry.slice(0, -1))).map((entry) => entry.slice(0, -1));
    if (fresh.length === 0) break;
    for (const folder of fresh) {
      const gitFolder = path.join(worktree, folder, ".git");
      if (await isScaffold(gitFolder)) await rm(gitFolder, { recursive: true, force: true });
      else leftOut.add(folder);
    }
    sorted = await readStatus(git);
  }
  return { ...sorted, untracked: sorted.untracked.filter((entry) => !isNested(entry)), leftOut: [...leftOut] };
}

function isNested(entry: string): boolean {
  return entry.endsWith("/");
}

async function isScaffold(gitFolder: string): Promise<boolean> {
  const found = await lstat(gitFolder).catch(() => undefined);
  if (found?.isDirectory() !== true) return false;
  const config = await readFile(path.join(gitFolder, "config"), "utf8").catch(() => "");
  return !/^\s*\[\s*(remote|include)/im.test(config);
}
