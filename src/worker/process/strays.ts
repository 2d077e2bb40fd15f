/**
 * Finds what a run left behind without its marker: a command may clean its environment (`env -i`) and leave its session
 * (`setsid`), and then only the folder in which it stands tells where it came from. Linux only.
 *
 * The user may stand in a task's worktree too: with a shell, an editor, a watcher. So that none of theirs is ever killed,
 * a stray must fit in every respect:
 * - it is of this user, and started after the run began;
 * - its working directory lies in the worktree or in the run's temporary folder;
 * - its parent is gone: only a process whose starter ended is adopted by init or by a subreaper, which is always one of
 *   our ancestors. A terminal's shell, an editor's tool or a child of this very process has a living parent;
 * - it has no controlling terminal: our children never have one, a user's shell and what it starts always do;
 * - it is in our control group: nobody leaves it by accident, while desktops give each program and terminal its own;
 * - its environment holds no variable of ours that commands do not get (DISPLAY, SSH_CONNECTION, VSCODE_PID, ...): it
 *   cannot have it from us, so it was started by somebody who has it from elsewhere.
 * Descendants of a stray are strays wherever they stand. One that also leaves the folder is not found.
 */
import { readFileSync } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import path from "node:path";
import { withheldVariables } from "./environment.ts";

/** In `/proc` times are counted in hundredths of a second on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** What decides whether a process may be one that a run left behind. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly hasTerminal: boolean;
  /** Ticks since the start of the machine. */
  readonly startedAt: number;
}

/** A run, for the search of what it left. */
export interface StraySearch {
  /** When the run began, in ticks since the start of the machine. */
  readonly since: number;
  /** Real paths of the folders that belong to the run alone. */
  readonly folders: readonly string[];
}

/** The time since the start of the machine in ticks; 0 where the system does not tell. */
export function ticksNow(): number {
  try {
    return Math.round(Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * ticksPerSecond);
  } catch {
    return 0;
  }
}

/** The processes that a run left behind, by the rules above. */
export async function findStrays(processes: readonly ProcessFacts[], { since, folders }: StraySearch): Promise<number[]> {
  if (since === 0 || folders.length === 0) return [];
  const ancestors = ancestorsOf(process.pid, processes);
  const candidates = processes.filter((each) => isOrphanOfRun(each, { since, ancestors }));
  const isOurs = await Promise.all(candidates.map(({ pid }) => isTraceOfRun(pid, folders)));
  return candidates.filter((_each, index) => isOurs[index]).map(({ pid }) => pid);
}

/** Whether a process may have been adopted after a command of the run had left it; `ancestors` are those of this process. */
export function isOrphanOfRun({ pid, parent, hasTerminal, startedAt }: ProcessFacts, run: { since: number; ancestors: ReadonlySet<number> }): boolean {
  return startedAt >= run.since && !hasTerminal && (parent === 1 || run.ancestors.has(parent)) && pid !== process.pid && !run.ancestors.has(pid);
}

/** These processes and all that they started, as far as the parents live. */
export function withDescendants(pids: readonly number[], processes: readonly ProcessFacts[]): ReadonlySet<number> {
  const found = new Set(pids);
  for (let before = -1; found.size !== before;) {
    before = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return found;
}

/** All processes of the machine, as far as they can be seen. */
export async function listProcesses(): Promise<readonly ProcessFacts[]> {
  const names = await readdir("/proc").catch(() => []);
  const facts = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readFacts(Number(name))));
  return facts.filter((each) => each !== undefined);
}

async function readFacts(pid: number): Promise<ProcessFacts | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // The second field is the program's name in parentheses and may hold anything. state ppid pgrp session tty ...
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 20) return undefined;
  return { pid, parent: Number(fields[1]), hasTerminal: fields[4] !== "0", startedAt: Number(fields[19]) };
}

function ancestorsOf(pid: number, processes: readonly ProcessFacts[]): ReadonlySet<number> {
  const parents = new Map(processes.map((each) => [each.pid, each.parent]));
  const ancestors = new Set<number>();
  for (let parent = parents.get(pid); parent !== undefined && parent > 0 && !ancestors.has(parent); parent = parents.get(parent)) ancestors.add(parent);
  return ancestors;
}

async function isTraceOfRun(pid: number, folders: readonly string[]): Promise<boolean> {
  try {
    // Unreadable: gone, a zombie, or of another user.
    const cwd = await readlink(`/proc/${pid}/cwd`);
    if (!folders.some((folder) => cwd === folder || cwd.startsWith(folder + path.sep))) return false;
    const [{ uid }, group, ownGroup, environment] = await Promise.all([
      stat(`/proc/${pid}`),
      readFile(`/proc/${pid}/cgroup`, "utf8"),
      readFile("/proc/self/cgroup", "utf8"),
      readFile(`/proc/${pid}/environ`, "utf8"),
    ]);
    const withheld = withheldVariables(process.env);
    return uid === process.getuid?.() && group === ownGroup && !environment.split("\0").some((entry) => withheld.has(entry));
  } catch {
    return false;
  }
}
