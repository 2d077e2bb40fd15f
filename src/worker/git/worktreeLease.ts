/**
 * The lease's token in the worktree's git directory: whoever prepares the place writes theirs, and only the newest may
 * commit or clean up there. A process that was stopped for long (SIGSTOP, a suspended machine) may wake up in the middle
 * of a step after another one has taken the task over; the database alone would tell it too late.
 */
import { open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";

const fileName = "task-master-lease";

/** Makes the place ours. @throws STALE_LEASE when a later lease has it */
export async function takeWorktree(gitDir: string, token: number): Promise<void> {
  await assertOurs(gitDir, token);
  const file = path.join(gitDir, fileName);
  const temporary = `${file}.${token}`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(String(token));
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** @throws STALE_LEASE when a later lease has taken the worktree over */
export async function assertOurs(gitDir: string, token: number): Promise<void> {
  const text = await readFile(path.join(gitDir, fileName), "utf8").catch(() => "");
  if (!/^\d+$/.test(text) || Number(text) <= token) return;
  throw new TaskMasterError("STALE_LEASE", "Another process has taken the task and its worktree over; nothing was changed there.");
}
