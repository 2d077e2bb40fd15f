import type { HardenedGit } from "./hardenedGit.ts";

/** A worktree beside its HEAD. */
export interface WorktreeStatus {
  /** Absent before the first commit. */
  readonly head?: string;
  /** Tracked paths that differ from HEAD in the index or on disk. */
  readonly changed: readonly string[];
  /** Untracked paths that are not ignored; a repository of its own as one path that ends in a slash. */
  readonly untracked: readonly string[];
  /** False when index and disk differ in the same file: it may be on disk as it is in HEAD. */
  readonly isPlain: boolean;
}

// XY, submodule, three modes, two objects, path.
const changedRecord = /^1 (\S\S)(?: \S+){6} (.+)$/s;

/** Head and changes by one process; submodules count by the commit that they are at. */
export async function readStatus(git: HardenedGit): Promise<WorktreeStatus> {
  const options = ["--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--no-renames"];
  return parseStatus(await git.list(["status", ...options]));
}

/** Reads the records of `git status --porcelain=v2 --branch -z`. */
export function parseStatus(records: readonly string[]): WorktreeStatus {
  const changed: string[] = [];
  const untracked: string[] = [];
  let head: string | undefined;
  let isPlain = true;
  for (const record of records) {
    if (record.startsWith("? ")) untracked.push(record.slice(2));
    else if (record.startsWith("# ")) head ??= /^# branch\.oid ([0-9a-f]+)$/.exec(record)?.[1];
    else {
      const [, sides = "", file] = changedRecord.exec(record) ?? [];
      if (file !== undefined) changed.push(file);
      // A conflict, or a kind of record that we do not know.
      isPlain &&= sides.includes(".");
    }
  }
  return { ...(head === undefined ? {} : { head }), changed, untracked, isPlain };
}
