import { readdir, readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";

/** Name of the variable that every process of one run carries, so that those which left their group can be found. */
export const markerName = "TASK_MASTER_RUN";

/** A value for the marker that no other run has. */
export function newMarker(): string {
  return randomUUID();
}

/**
 * Kills processes that escaped from the groups of a run (setsid), known by the marker in their environment. Only
 * Linux lets us look; elsewhere this does nothing. Repeated until none is found, as they may start others meanwhile.
 */
export async function killMarked(marker: string): Promise<void> {
  if (process.platform !== "linux") return;
  const entry = `${markerName}=${marker}`;
  for (let round = 0; round < 5; round++) {
    const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
    const marked = await Promise.all(pids.map((pid) => isMarked(pid, entry)));
    const found = pids.filter((pid, index) => marked[index] === true && pid !== process.pid);
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
  }
}

async function isMarked(pid: number, entry: string): Promise<boolean> {
  // Unreadable: gone, a zombie, or of another user.
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.split("\0").includes(entry);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
