import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { markerName } from "./environment.ts";
import { guard } from "./guard.ts";
import { findStrays, listProcesses, ticksNow, withDescendants } from "./strays.ts";

/** By which the processes of one run are found again. */
export interface RunMark {
  /** The value of the marker in their environment; no other run has it. */
  readonly value: string;
  /** When the run began, in the ticks of strays.ts. */
  readonly since: number;
}

/** A mark for a run that begins now; guarded until killMarked is called with it. */
export function newMarker(): RunMark {
  const mark = { value: randomUUID(), since: ticksNow() };
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
    if (process.platform === "linux") await sweep(mark, folders);
  } finally {
    guard.dropMarker(mark.value);
  }
}

async function sweep({ value, since }: RunMark, folders: readonly string[]): Promise<void> {
  const entry = `${markerName}=${value}`;
  for (let round = 0; round < 5; round++) {
    const processes = await listProcesses();
    const marked = await Promise.all(processes.map(({ pid }) => isMarked(pid, entry)));
    const strays = await findStrays(processes, { since, folders });
    const found = withDescendants([...processes.filter((_each, index) => marked[index]).map(({ pid }) => pid), ...strays], processes);
    if (found.size === 0) return;
    for (const pid of found) if (pid !== process.pid) kill(pid);
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
