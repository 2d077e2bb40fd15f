import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** A live process that carries a marker. */
export interface MarkedProcess {
  readonly pid: number;
  readonly args: string;
}

/** What waitFor waits for and how long. */
export interface WaitOptions {
  /** Default 10 seconds. */
  readonly timeoutMs?: number;
  /** Completes "timed out waiting for ..."; a function is asked when the time is over. */
  readonly what: string | (() => string);
}

/** Polls until the condition gives a truthy value and returns it; a throw of the condition counts as "not yet". */
export async function waitFor<T>(condition: () => T | Promise<T>, { timeoutMs = 10_000, what }: WaitOptions): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= end) break;
    await delay(20);
  }
  const text = typeof what === "string" ? what : what();
  throw new Error(`timed out after ${timeoutMs} ms waiting for ${text}`, failure === undefined ? {} : { cause: failure });
}

/** Live processes, other than this one, whose command line or start environment contains the marker. */
export async function processesWithMarker(marker: string): Promise<MarkedProcess[]> {
  const found = process.platform === "linux" ? await fromProc(marker) : await fromPs(marker);
  return found.filter(({ pid }) => pid !== process.pid);
}

/** Waits until no process carries the marker; the error names those that are left. */
export async function waitForNoProcesses(marker: string, timeoutMs = 5000): Promise<void> {
  let left: MarkedProcess[] = [];
  const none = async (): Promise<boolean> => (left = await processesWithMarker(marker)).length === 0;
  const list = (): string => left.map(({ pid, args }) => `\n  ${pid} ${args}`).join("");
  await waitFor(none, { timeoutMs, what: () => `the end of the processes with ${marker}:${list()}` });
}

async function fromProc(marker: string): Promise<MarkedProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const processes = await Promise.all(pids.map((pid) => readProc(pid, marker)));
  return processes.filter((process) => process !== undefined);
}

async function readProc(pid: string, marker: string): Promise<MarkedProcess | undefined> {
  // Empty when the process ended meanwhile, is a zombie, or belongs to somebody else.
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  const [args, environment] = await Promise.all([read("cmdline"), read("environ")]);
  if (!args.includes(marker) && !environment.includes(marker)) return undefined;
  return { pid: Number(pid), args: args.replaceAll("\0", " ").trim() };
}

async function fromPs(marker: string): Promise<MarkedProcess[]> {
  // -E appends the environment on macOS.
  const { stdout } = await promisify(execFile)("ps", ["-axEww", "-o", "pid=,command="], { maxBuffer: 64 * 1024 * 1024 });
  const lines = stdout.split("\n").filter((line) => line.includes(marker));
  return lines.map((line) => ({ pid: Number.parseInt(line, 10), args: line.trim().replace(/^\d+\s+/, "") }));
}
