import { readdir, readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { markerName } from "./environment.ts";
import { guard } from "./guard.ts";

/** A value for the marker that no other run has; guarded until killMarked is called with it. */
export function newMarker(): string {
  const marker = randomUUID();
  guard.addMarker(marker);
  return marker;
}

/**
 * Kills processes that escaped from the groups of a run (setsid), known by the marker in their environment. Only
 * Linux lets us look; elsewhere this does nothing. Repeated until none is found, as they may start others meanwhile.
 */
export async function killMarked(marker: string): Promise<void> {
  try {
    if (process.platform === "linux") await sweep(marker);
  } finally {
    guard.dropMarker(marker);
  }
}

async function sweep(marker: string): Promise<void> {
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
