import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTempDir, type TempRepo } from "../helpers/tempRepo.ts";

/** How long git alone takes for what a task needs of it: worktree and branch, one file committed, worktree removed; in milliseconds. */
export async function bareGitCycle(repo: TempRepo, round: number): Promise<number> {
  using parent = createTempDir("tm-bench-tree-");
  const worktree = join(parent.dir, "tree");
  const git = async (cwd: string, ...args: string[]): Promise<number> => {
    const begun = performance.now();
    await promisify(execFile)("git", args, { cwd });
    return performance.now() - begun;
  };
  const added = await git(repo.dir, "worktree", "add", "--quiet", "-b", `bare/${round}`, worktree);
  writeFileSync(join(worktree, "made.txt"), "made by hand\n");
  const staged = await git(worktree, "add", "--all");
  const committed = await git(worktree, "commit", "--quiet", "--message", `round ${round}`);
  return added + staged + committed + (await git(repo.dir, "worktree", "remove", worktree));
}
