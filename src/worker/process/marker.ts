import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { markerName } from "./environment.ts";
import { guard } from "./guard.ts";
import { findStrays, listProcesses, ticksNow, withDescendants, type StraySearch } from "./strays.ts";

/** By which the processes of one run are found again. It begins with the run's name, by which they are found when the mark itself is lost. */
export interface RunMark {
  /** The value of the marker in their environment; no other run has it. */
  readonly value: string;
  /** When the run began, in the ticks of strays.ts. */
  readonly since: number;
}

/** A mark for a run that begins now; guarded until killMarked is called with it. The name is made of letters, digits and "-". */
export function newMarker(run: string): RunMark {
  const mark = { value: `${run}.${randomUUID()}`, since: ticksNow() };
  guard.addMarker(mark.value);
  return mark;
}

/**
 * Kills processes that escaped from the groups of a run (setsid): known by the marker in their environment, or, without
 * it, by standing in one of the folders that belong to the run alone (real paths; see strays.ts). Only Linux lets us
 * look; elsewhere this does nothing. Repeated until none is found, as they may start others meanwhile.
 */
export async function killMarked(mark: RunMark, folders: readonly string[]): Promise<void> {
  try {
    await sweep((entry) => entry === `${markerName}=${mark.value}`, { since: mark.since, folders });
  } finally {
    guard.dropMarker(mark.value);
  }
}

/** The same for a run whose starter is gone, by its name; resolves with the number of processes that were ended. */
export async function killRun(run: string, search: StraySearch): Promise<number> {
  return sweep((entry) => entry.startsWith(`${markerName}=${run}.`), search);
}

async function sweep(isMark: (entry: string) => boolean, search: StraySearch): Promise<number> {
  const ended = new Set<number>();
  for (let round = 0; process.platform === "linux" && round < 5; round++) {
    const processes = await listProcesses();
    const marked = await Promise.all(processes.map(({ pid }) => isMarked(pid, isMark)));
    const strays = await findStrays(processes, search);
    const found = withDescendants([...processes.filter((_each, index) => marked[index]).map(({ pid }) => pid), ...strays], processes);
    if (found.size === 0) break;
    for (const pid of found) {
      if (pid === process.pid) continue;
      kill(pid);
      ended.add(pid);
    }
  }
  return ended.size;
}

async function isMarked(pid: number, isMark: (entry: string) => boolean): Promise<boolean> {
  // Unreadable: gone, a zombie, or of another user.
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.split("\0").some(isMark);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
