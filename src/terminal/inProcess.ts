import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { TaskMasterError } from "../model/errors.ts";
import type { OpenedQueue, TerminalHost } from "./context.ts";
import { runTerminal } from "./main.ts";
import { createLogger } from "./output.ts";
import type { GlobalOptions } from "./parseArguments.ts";

/** Flags for the composition: absolute paths, the current folder where none is given. */
export interface OpenOptions {
  readonly folder: string;
  readonly dataDirectory?: string;
  readonly goosePath?: string;
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
  const host: TerminalHost = {
    argv,
    version,
    env,
    stdin,
    stdout,
    stderr,
    signals: process,
    exitNow: (exitCode) => process.exit(exitCode),
    stdoutClosed: quietWhenClosed(),
    open: (options) => open(openOptions(options), createLogger(stderr, options.verbosity)),
  };
  const exitCode = await runTerminal(host);
  await Promise.all([flushed(stdout), flushed(stderr)]);
  // Not left to the event loop: standard input that nobody closes would keep the process.
  process.exit(exitCode);
}

/** `| head` closes the pipe early: that is no error, and what is printed after it goes nowhere. */
function quietWhenClosed(): AbortSignal {
  const closed = new AbortController();
  const onError = (error: Error): void => {
    closed.abort(new TaskMasterError("CANCELLED", `stdout cannot be written: ${error.message}`));
  };
  process.stdout.on("error", onError);
  process.stderr.on("error", () => undefined);
  return closed.signal;
}

function openOptions({ folder, dataDirectory, goosePath }: GlobalOptions): OpenOptions {
  const absolute = path.resolve(folder ?? ".");
  if (!existsSync(absolute) || !statSync(absolute).isDirectory()) throw new TaskMasterError("NO_FOLDER", `Not a folder: ${absolute}`);
  return {
    folder: absolute,
    ...(dataDirectory === undefined ? {} : { dataDirectory: path.resolve(dataDirectory) }),
    ...(goosePath === undefined ? {} : { goosePath: isName(goosePath) ? goosePath : path.resolve(goosePath) }),
  };
}

/** A name without a folder is looked for on the PATH. */
function isName(program: string): boolean {
  return path.basename(program) === program;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write("", () => resolve());
  });
}
