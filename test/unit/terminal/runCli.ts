import { EventEmitter } from "node:events";
import { Emitter } from "../../../src/base/event.ts";
import type { SetupCheck, TerminalHost } from "../../../src/terminal/context.ts";
import { runTerminal } from "../../../src/terminal/main.ts";
import type { TaskMasterError } from "../../../src/model/errors.ts";
import { FakeEngine } from "./fakeEngine.ts";

/** One command line against a fake engine. */
export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The NDJSON objects on stdout. */
  readonly records: readonly Record<string, unknown>[];
}

export interface CliOptions {
  readonly engine?: FakeEngine;
  readonly input?: readonly (string | Uint8Array)[];
  readonly env?: Record<string, string>;
  readonly signals?: EventEmitter;
  readonly host?: Partial<TerminalHost>;
  readonly checks?: readonly SetupCheck[];
  readonly openError?: TaskMasterError;
  readonly warnings?: readonly TaskMasterError[];
  /** Troubles of the queue while it is open. */
  readonly trouble?: Emitter<TaskMasterError>;
  /** What closing the queue does to the tasks that run. */
  readonly onDispose?: () => void;
}

/** Runs a command line in this process. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { engine = new FakeEngine(), input = [], env = {}, signals = new EventEmitter(), openError } = options;
  let [stdout, stderr] = ["", ""];
  const host: TerminalHost = {
    argv,
    env,
    version: "1.2.3",
    stdin: (async function* () {
      yield* input;
    })(),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signals,
    exitNow: () => undefined,
    stdoutClosed: new AbortController().signal,
    open: () => {
      if (openError !== undefined) return Promise.reject(openError);
      const dispose = (): Promise<void> => {
        engine.disposeCount++;
        options.onDispose?.();
        return Promise.resolve();
      };
      const { trouble = new Emitter<TaskMasterError>() } = options;
      return Promise.resolve({
        engine,
        warnings: options.warnings ?? [],
        onTrouble: trouble.event,
        isOwnerGone: (owner) => owner === "dead",
        checkSetup: () => Promise.resolve(options.checks ?? []),
        dispose,
      });
    },
    ...options.host,
  };
  const exitCode = await runTerminal(host);
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return { exitCode, stdout, stderr, records: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}
