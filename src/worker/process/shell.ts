import { existsSync } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "./environment.ts";
import { OutputTail, textDecoder } from "./outputTail.ts";
import { spawnGroup, type ExitStatus } from "./processGroup.ts";

/** After the command has ended and its group is dead, what is still in the pipes arrives within this time. */
const drainMs = 500;

/** Longer timers fire at once in Node. */
const maxTimerMs = 2 ** 31 - 1;

export interface ShellOptions {
  readonly cwd: string;
  readonly env: Environment;
  /** How much of the end of the output is kept. */
  readonly tailBytes: number;
  /** Live output, stdout and stderr as they come. */
  onOutput?(text: string): void;
}

/** A command that runs in a shell, in a process group of its own. */
export interface ShellCommand {
  readonly output: OutputTail;
  /** How it ended; afterwards its output is complete and everything it started is dead. Never rejects. */
  readonly ended: Promise<ExitStatus>;
  kill(): void;
}

/** Runs a command line as it is, through bash (sh where there is none; cmd.exe on Windows). */
export function startShell(command: string, options: ShellOptions): ShellCommand {
  const { file, args } = shellFor(command);
  const group = spawnGroup(file, args, { cwd: options.cwd, env: options.env, verbatim: true });
  const output = new OutputTail(options.tailBytes);
  const report = (text: string): void => {
    output.push(text);
    options.onOutput?.(text);
  };
  const streams = [group.stdout, group.stderr].map((stream) => read(stream, report));
  const finish = async (): Promise<ExitStatus> => {
    const status = await group.exited;
    // Servers and other background jobs that the command left behind.
    group.killGroup();
    const timer = new AbortController();
    await Promise.race([Promise.all(streams.map((stream) => stream.ended)), delay(drainMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    // A process that left the group may hold the pipes for ever.
    for (const stream of streams) stream.stop();
    if (status.error !== undefined) report(`${status.error.message}\n`);
    return status;
  };
  return { output, ended: finish(), kill: () => group.killGroup() };
}

/** The end of a command in one number, as shells count it: 127 not started, 128 + n killed by a signal. */
export function exitNumber(status: ExitStatus): number {
  if (status.exitCode !== null) return status.exitCode;
  if (status.error !== undefined) return 127;
  return status.signal === "SIGTERM" ? 143 : status.signal === "SIGINT" ? 130 : 137;
}

export interface ShellResult {
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly outputTail: string;
}

/** Runs a command to its end; a timeout (0: none) or the signal kills its group. The promise does not reject. */
export async function runShell(command: string, options: ShellOptions & { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<ShellResult> {
  const shell = startShell(command, options);
  let timedOut = false;
  const onTimeout = (): void => {
    timedOut = true;
    shell.kill();
  };
  const timer = options.timeoutMs > 0 ? setTimeout(onTimeout, Math.min(options.timeoutMs, maxTimerMs)) : undefined;
  const onAbort = (): void => shell.kill();
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  const status = await shell.ended;
  clearTimeout(timer);
  options.signal.removeEventListener("abort", onAbort);
  return { exitCode: exitNumber(status), timedOut, outputTail: shell.output.text() };
}

function shellFor(command: string): { readonly file: string; readonly args: readonly string[] } {
  if (process.platform === "win32") {
    const comSpec = process.env["ComSpec"] ?? path.win32.join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "cmd.exe");
    return { file: comSpec, args: ["/d", "/s", "/c", `"${command}"`] };
  }
  const file = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  // One pipe for both outputs keeps their order. The command is an argument, never a part of the script.
  return { file, args: ["-c", `exec ${file} -c "$1" 2>&1`, file, command] };
}

function read(stream: Readable, onText: (text: string) => void): { readonly ended: Promise<void>; stop(): void } {
  const decoder = textDecoder(onText);
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      if (!isOver) decoder.end();
      isOver = true;
      resolve();
    };
    stream.on("data", (chunk: Buffer) => {
      if (!isOver) decoder.push(chunk);
    });
    stream.once("end", finish).once("close", finish).once("error", finish);
  });
  return { ended, stop: () => stream.destroy() };
}
