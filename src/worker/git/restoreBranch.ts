/** A branch that was deleted while its worktree is still there: it is made again, so that nothing of the work is lost. */
import { open } from "node:fs/promises";
import path from "node:path";
import { remakeBranch, type WantedBranch } from "./branches.ts";
import { forkPointOf } from "./repository.ts";
import type { OpenWorktree } from "./worktrees.ts";

/** Of the reflog only its end is read: the agent can write into it. */
const maxTail = 16_384;

/** Makes the branch that the worktree is on again where the worktree was, or at `fallback` when that is not known. Resolves with the commit. */
export async function restoreBranch(place: OpenWorktree, wanted: WantedBranch, fallback: string): Promise<string> {
  const last = await lastCommit(place.gitDir);
  const isKnown = last !== undefined && (await forkPointOf(place.git, fallback, last)) !== undefined;
  const commit = isKnown ? last : fallback;
  await remakeBranch(place.git, wanted, commit);
  return commit;
}

/** What HEAD was before its branch was gone. Git itself reads no reflog of a HEAD that leads nowhere. */
export async function lastCommit(gitDir: string): Promise<string | undefined> {
  const lines = (await readEnd(path.join(gitDir, "logs/HEAD"))).split("\n");
  // A deletion in the worktree itself is an entry too, whose new commit is none.
  const commits = lines.flatMap((line) => /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) /.exec(line)?.slice(1) ?? []);
  return commits.findLast((commit) => !/^0+$/.test(commit));
}

async function readEnd(file: string): Promise<string> {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return "";
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(maxTail), position: Math.max(0, size - maxTail) });
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
