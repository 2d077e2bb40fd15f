import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** A pointer file holds one path; anything longer is none. */
const maxPointerBytes = 16 * 1024;

/**
 * The real path of the git common directory (shared by all worktrees of a repository) of a folder or of the nearest folder
 * above it; undefined without git. Reads files only: nothing is spawned, no configuration is followed. Never throws.
 */
export function findGitCommonDir(folder: string): string | undefined {
  let current = realpath(folder);
  while (current !== undefined) {
    const common = commonDirOf(join(current, ".git"));
    if (common !== undefined) return common;
    const parent = dirname(current);
    current = parent === current ? undefined : parent;
  }
  return undefined;
}

function commonDirOf(dotGit: string): string | undefined {
  const gitDir = kindOf(dotGit) === "file" ? linkedGitDir(dotGit) : dotGit;
  // An empty `.git` folder is no repository: git itself goes on looking above it.
  if (gitDir === undefined || kindOf(join(gitDir, "HEAD")) !== "file") return undefined;
  const pointer = readPointer(join(gitDir, "commondir"));
  const common = pointer === undefined ? realpath(gitDir) : realpath(resolve(gitDir, pointer));
  return common !== undefined && kindOf(join(common, "HEAD")) === "file" ? common : undefined;
}

function linkedGitDir(dotGit: string): string | undefined {
  const target = /^gitdir: (.+)$/.exec(readPointer(dotGit) ?? "")?.[1];
  return target === undefined ? undefined : resolve(dirname(dotGit), target);
}

function readPointer(path: string): string | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > maxPointerBytes) return undefined;
    const text = readFileSync(path, "utf8").replace(/[\r\n]+$/, "");
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

function kindOf(path: string): "file" | "directory" | undefined {
  try {
    return statSync(path).isFile() ? "file" : "directory";
  } catch {
    return undefined;
  }
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
