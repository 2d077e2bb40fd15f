import { TaskMasterError } from "../../model/errors.ts";
import type { HardenedGit } from "./hardenedGit.ts";

/** A worktree beside its HEAD. */
export interface WorktreeStatus {
  /** Absent before the first commit. */
  readonly head?: string;
  /** Absent when HEAD is detached. */
  readonly branch?: string;
  /** Tracked paths that differ from HEAD in the index or on disk. */
  readonly changed: readonly string[];
  /** Those of them whose file is there and not as it is in the index. */
  readonly unstaged: readonly string[];
  /** Those of them that are in the index and not on disk. */
  readonly gone: readonly string[];
  /** Untracked paths that are not ignored; a repository of its own as one path that ends in a slash. */
  readonly untracked: readonly string[];
  /** False when a path stands for two differences, in the index and on disk: it may be on disk as it is in HEAD. */
  readonly isPlain: boolean;
}

// XY, submodule, three modes, two objects, path; a conflict has a mode and an object more.
const changedRecord = /^(?:1 (\S\S)(?: \S+){6}|u (\S\S)(?: \S+){8}) (.+)$/s;

/** Head and changes by one process; submodules count by the commit that they are at. */
export async function readStatus(git: HardenedGit): Promise<WorktreeStatus> {
  const options = ["--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--no-renames"];
  return parseStatus(await git.list(["status", ...options]));
}

/** Reads the records of `git status --porcelain=v2 --branch -z`. */
export function parseStatus(records: readonly string[]): WorktreeStatus {
  const changed: string[] = [];
  const unstaged: string[] = [];
  const gone: string[] = [];
  const untracked: string[] = [];
  const place: { head?: string; branch?: string } = {};
  let isPlain = true;
  for (const record of records) {
    if (record.startsWith("? ")) untracked.push(record.slice(2));
    else if (record.startsWith("# ")) Object.assign(place, readHeader(record));
    else {
      const [, sides = "", conflict, file] = changedRecord.exec(record) ?? [];
      if (file === undefined) throw new TaskMasterError("GIT_FAILED", "Git described a change in a way that is not known.", { details: record });
      changed.push(file);
      if (sides.endsWith("D")) gone.push(file);
      else if (!sides.endsWith(".")) unstaged.push(file);
      isPlain &&= conflict === undefined && sides.includes(".");
    }
  }
  const known = new Set(changed);
  return { ...place, changed, unstaged, gone, untracked, isPlain: isPlain && !untracked.some((file) => known.has(file)) };
}

function readHeader(record: string): { head?: string; branch?: string } {
  const [, name, value = ""] = /^# branch\.(oid|head) (.*)$/s.exec(record) ?? [];
  if (name === "oid" && value !== "(initial)") return { head: value };
  return name === "head" && value !== "(detached)" ? { branch: value } : {};
}
