import { spawnSync } from "node:child_process";
import path from "node:path";
import { createTempDir, type TempRepo } from "../helpers/tempRepo.ts";

/** Whether the commands pass on the commit alone, in a clone in which nobody has worked. */
export function acceptedIn(repo: TempRepo, branch: string, commands: readonly string[]): boolean {
  if (commands.length === 0) return true;
  using folder = createTempDir("task-master-audit-");
  const clone = path.join(folder.dir, "clone");
  repo.git("clone", "--quiet", "--no-hardlinks", "--branch", branch, repo.dir, clone);
  return commands.every((command) => spawnSync("bash", ["-c", command], { cwd: clone, stdio: "ignore", timeout: 60_000 }).status === 0);
}
