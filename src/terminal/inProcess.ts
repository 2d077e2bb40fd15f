import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { TaskMasterError } from "../model/errors.ts";
import type { OpenedQueue, TerminalHost } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import { runTerminal } from "./main.ts";
import { createLogger } from "./output.ts";
import type { GlobalOptions, SettingFlags } from "./parseArguments.ts";

/** Flags for the composition: absolute paths, the current folder where none is given. */
export interface OpenOptions {
  readonly folder: string;
  readonly dataDirectory?: string;
  readonly goosePath?: string;
  readonly settings: SettingFlags;
  readonly isForLooking: boolean;
}

/** What only the entry knows. */
export interface ProcessOptions {
  readonly argv: readonly string[];
  readonly version: string;
  readonly open: (options: OpenOptions, logger: ReturnType<typeof createLogger>) => Promise<OpenedQueue>;
}

/** Runs the command line in this process and ends the process with its exit code. */
export async function runInProcess({ argv, version, open }: ProcessOptions): Promise<void> {
  const { stdout, stderr, stdin, env } = process;
  const watch = watchStdout();
  const host: TerminalHost = {
    argv,
    version,
    env,
    stdin,
    stdout,
    stderr,
    signals: process,
    exitNow: (exitCode) => process.exit(exitCode),
    stdoutClosed: watch.closed,
    open: (options, isForLooking) => open({ ...openOptions(options), isForLooking }, createLogger(stderr, options.verbosity)),
  };
  // Who only follows a journal waits for other processes: nothing of that keeps this one.
  const keepAlive = setInterval(() => undefined, 60_000);
  const exitCode = await runTerminal(host);
  clearInterval(keepAlive);
  await flushed(stdout);
  const { failure } = watch;
  if (failure !== undefined) stderr.write(`error: The output could not be written: ${failure.message}\n`);
  await flushed(stderr);
  // Not left to the event loop: standard input that nobody closes would keep the process.
  process.exit(failure !== undefined && exitCode === exitCodes.ok ? exitCodes.failed : exitCode);
}

/** Errors of a pipe whose reader went away; Windows says EOF. */
const readerGone: ReadonlySet<string | undefined> = new Set(["EPIPE", "EOF", "ECONNRESET"]);

interface StdoutWatch {
  /** Aborts at the first error. */
  readonly closed: AbortSignal;
  /** Why output was lost, unless its reader went away: `| head` closes the pipe early, and that is no error. */
  readonly failure: Error | undefined;
}

function watchStdout(): StdoutWatch {
  const closed = new AbortController();
  let failure: Error | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!closed.signal.aborted && !readerGone.has(error.code)) failure = error;
    closed.abort(new TaskMasterError("CANCELLED", `stdout cannot be written: ${error.message}`));
  });
  process.stderr.on("error", () => undefined);
  return {
    closed: closed.signal,
    get failure() {
      return failure;
    },
  };
}

function openOptions({ folder, dataDirectory, goosePath, settings }: GlobalOptions): Omit<OpenOptions, "isForLooking"> {
  const absolute = path.resolve(folder ?? ".");
  if (!existsSync(absolute) || !statSync(absolute).isDirectory()) throw new TaskMasterError("NO_FOLDER", `Not a folder: ${absolute}`);
  return {
    folder: absolute,
    settings,
    ...(dataDirectory === undefined ? {} : { dataDirectory: path.resolve(dataDirectory) }),
    ...(goosePath === undefined ? {} : { goosePath: isName(goosePath) ? goosePath : path.resolve(goosePath) }),
  };
}

/** A name without a folder is looked for on the PATH. */
function isName(program: string): boolean {
  return path.basename(program) === program;
}

async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write("", () => resolve());
  });
  // A stream is unusable a little before it says why.
  await new Promise<void>((resolve) => setImmediate(resolve));
}
