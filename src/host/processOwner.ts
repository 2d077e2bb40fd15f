import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Names a process in leases so that others on the same machine can tell whether it still lives: host, boot, pid, start
 * time and a word of its own. A pid alone would be taken for another process after a restart.
 */
export function makeOwner(word: string, pid = process.pid): string {
  return [hostname(), bootId(), pid, startTime(pid) ?? "", word].join("/");
}

/** Whether the owner's process has certainly ended. Of another machine's process nothing is known: then its lease decides. */
export function isOwnerGone(owner: string): boolean {
  const [host, boot, pid, started] = owner.split("/");
  if (host !== hostname() || !/^[1-9]\d*$/.test(pid ?? "")) return false;
  if (boot !== bootId()) return true;
  if (!isAlive(Number(pid))) return true;
  const now = startTime(Number(pid));
  return now !== undefined && started !== "" && now !== started;
}

/**
 * When the owner's process was started, in clock ticks since the start of the machine (0: the system does not tell);
 * undefined when it ran on another machine or before the last start of this one, so that nothing of it can be alive here.
 */
export function ownerStart(owner: string): number | undefined {
  const [host, boot, , started] = owner.split("/");
  if (host !== hostname() || boot !== bootId()) return undefined;
  const ticks = Number(started);
  return Number.isFinite(ticks) ? ticks : 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // alive, of another user
  }
}

/** Differs after every start of the machine; empty where the system does not tell. */
function bootId(): string {
  return read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Clock ticks from the start of the machine to that of the process; undefined where the system does not tell. */
function startTime(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
