/**
 * The one place that starts git. A repository is untrusted input: its configuration, hooks and attributes must not run
 * code (reliability.md (b)). What `-c` cannot stop is found by configSafety.ts before the work tree is touched.
 */
import { stat, unlink } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GitConstructError, GitPluginError, simpleGit } from "simple-git";
import type { SimpleGit, SimpleGitOptions } from "simple-git";
import { cancelledError, TaskMasterError } from "../../model/errors.ts";
import { findGit, gitEnvironment } from "./gitEnvironment.ts";
import type { CommitIdentity } from "./gitEnvironment.ts";
import { contendedLock, explainFailure, GitCommandFailure, isLockContention } from "./gitErrors.ts";

const hardening = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.pager=cat",
  "core.editor=:",
  "sequence.editor=:",
  "core.askPass=",
  "protocol.ext.allow=never",
  "commit.gpgSign=false",
  // Would run gpg.program for every signed commit that log and reflog pass by.
  "log.showSignature=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "submodule.recurse=false",
  "safe.bareRepository=explicit",
  "i18n.commitEncoding=UTF-8",
  "i18n.logOutputEncoding=UTF-8",
  // A guessed user@host is nobody's identity.
  "user.useConfigOnly=true",
  // Git itself waits for a ref that somebody else is writing.
  "core.filesRefLockTimeout=300",
];

// simple-git refuses its own hardening unless told otherwise; every argument below is built by us, never by a user.
const unsafe: NonNullable<SimpleGitOptions["unsafe"]> = {
  allowUnsafeCustomBinary: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafePager: true,
  allowUnsafeEditor: true,
  allowUnsafeAskPass: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeGitProxy: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafePack: true,
  allowUnsafeFilter: true,
  allowUnsafeMergeDriver: true,
};

const retryDelaysMs = [20, 40, 80, 160, 320, 640];
/** How long an aborted git may take to remove its locks before we stop waiting for it. */
const abortGraceMs = 3_000;
const staleLockMs = 1_000;

/** Where and how git runs. */
export interface GitSetup {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Names the repository instead of letting git follow the `.git` file of `cwd`, which the agent can rewrite. */
  readonly gitDir?: string;
  readonly identity?: CommitIdentity;
  /** More `-c` settings, as key=value. */
  readonly config?: readonly string[];
  /** More environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How one command runs. */
export interface GitCommandOptions {
  /** Written to stdin; must not be empty. */
  readonly input?: string;
  /** Exit codes that are answers, not failures (default: 0). */
  readonly accept?: readonly number[];
  /** A command that prints more is ended: what the other side of a network says has no bounds of its own. */
  readonly maxOutputBytes?: number;
}

/** What a command that was accepted gave. */
export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Runs git commands in one place. Rejects with TaskMasterError, or with the reason of the signal when that aborts. */
export class HardenedGit {
  readonly setup: GitSetup;

  constructor(setup: GitSetup) {
    this.setup = setup;
  }

  /** The same git with other settings. */
  with(changes: Partial<GitSetup>): HardenedGit {
    return new HardenedGit({ ...this.setup, ...changes });
  }

  /** stdout of the command, unchanged. */
  async run(args: readonly string[], options: GitCommandOptions = {}): Promise<string> {
    return (await this.ask(args, options)).stdout;
  }

  /** stdout of the command without its last line break. */
  async line(args: readonly string[], options: GitCommandOptions = {}): Promise<string> {
    return (await this.run(args, options)).replace(/\r?\n$/, "");
  }

  /** The paths (or other items) of a command that separates them by NUL. */
  async list(args: readonly string[], options: GitCommandOptions = {}): Promise<string[]> {
    return (await this.run(args, options)).split("\0").filter((item) => item !== "");
  }

  /** Exit code and stdout; waits for other git processes that hold a lock. */
  async ask(args: readonly string[], options: GitCommandOptions = {}): Promise<GitAnswer> {
    for (let attempt = 0; ; attempt++) {
      this.setup.signal.throwIfAborted();
      try {
        return await this.#spawn(args, options);
      } catch (error) {
        if (this.setup.signal.aborted) throw abortReason(this.setup.signal);
        const waitMs = retryDelaysMs[attempt];
        const mayRetry = isLockContention(error) && (waitMs !== undefined || (attempt === retryDelaysMs.length && (await this.#removeStaleLock(error))));
        if (!mayRetry) throw explain(error, args, this.setup.cwd);
        if (waitMs !== undefined) await delay(waitMs, undefined, { signal: this.setup.signal });
      }
    }
  }

  async #spawn(args: readonly string[], { input, accept = [0], maxOutputBytes }: GitCommandOptions): Promise<GitAnswer> {
    if (input === "") throw new TaskMasterError("INTERNAL", "simple-git never closes an empty stdin.");
    let exitCode = 0;
    const bound = maxOutputBytes === undefined ? undefined : new OutputBound(maxOutputBytes);
    const signal = bound === undefined ? this.setup.signal : AbortSignal.any([this.setup.signal, bound.signal]);
    const git = await makeSimpleGit({ ...this.setup, signal }, bound, {
      ...(input === undefined ? {} : { input: () => input }),
      errors: (error, result) => {
        if (error instanceof GitPluginError) return error;
        exitCode = result.exitCode;
        // Also catches what simple-git takes for success: death by a signal, and a failure without words.
        return accept.includes(exitCode) ? undefined : new GitCommandFailure(exitCode, Buffer.concat(result.stdErr).toString("utf8"));
      },
    });
    const command = git.raw([...placeArguments(this.setup), ...args]);
    try {
      return { stdout: await settledOrAbandoned(command, signal), exitCode };
    } catch (error) {
      bound?.signal.throwIfAborted();
      throw error;
    }
  }

  /** A git that was killed leaves index.lock behind. Only in a worktree of ours, where nobody else works. */
  async #removeStaleLock(error: GitCommandFailure): Promise<boolean> {
    const lock = contendedLock(error);
    const { gitDir } = this.setup;
    if (lock === undefined || gitDir === undefined || path.relative(path.join(gitDir, "index.lock"), path.resolve(gitDir, lock)) !== "") return false;
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (age < staleLockMs) return false;
    await unlink(lock).catch(() => undefined);
    return true;
  }
}

/** Ends a command that prints more than it may. */
class OutputBound {
  readonly #controller = new AbortController();
  #left: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** Aborts with the error when too much was printed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  watch(stream: NodeJS.ReadableStream): void {
    stream.on("data", (chunk: Buffer) => {
      this.#left -= chunk.length;
      if (this.#left < 0) this.#controller.abort(new TaskMasterError("GIT_FAILED", "Git printed far more than it should and was ended."));
    });
  }
}

async function makeSimpleGit(setup: GitSetup, bound: OutputBound | undefined, options: Partial<SimpleGitOptions>): Promise<SimpleGit> {
  const environment = { ...gitEnvironment(process.env, setup.identity), ...setup.environment };
  const binary = await findGit(environment);
  return simpleGit({
    ...options,
    baseDir: setup.cwd,
    binary,
    abort: setup.signal,
    config: [...hardening, ...(setup.config ?? [])],
    unsafe,
    allowEnvironment: Object.keys(environment),
    // Its default stops reading 50 ms after the exit, which can cut the output on a busy thread.
    completion: { onClose: true, onExit: false },
  })
    .env(environment)
    .outputHandler((_command, stdout, stderr) => {
      bound?.watch(stdout);
      bound?.watch(stderr);
      endWaitForOutput(stderr);
    });
}

function placeArguments({ cwd, gitDir }: GitSetup): string[] {
  return gitDir === undefined ? [] : [`--git-dir=${gitDir}`, `--work-tree=${cwd}`];
}

/** simple-git waits 50 ms after a command that printed nothing (hard-coded): an empty chunk counts as output. */
function endWaitForOutput(stderr: NodeJS.ReadableStream): void {
  // Its own listener is added right after this handler returns.
  queueMicrotask(() => stderr.emit("data", Buffer.alloc(0)));
}

/** After an abort simple-git interrupts git and waits for its end; a git that does not end must not hold up the worker. */
async function settledOrAbandoned(command: Promise<string>, signal: AbortSignal): Promise<string> {
  const settled = new AbortController();
  const abandoned = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void =>
      void delay(abortGraceMs, undefined, { signal: settled.signal }).then(
        () => reject(abortReason(signal)),
        () => undefined,
      );
    signal.addEventListener("abort", giveUp, { once: true, signal: settled.signal });
  });
  try {
    return await Promise.race([command, abandoned]);
  } finally {
    settled.abort();
  }
}

function abortReason(signal: AbortSignal): unknown {
  return signal.reason instanceof TaskMasterError ? signal.reason : cancelledError("The work with Git was cancelled.");
}

function explain(error: unknown, args: readonly string[], directory: string): unknown {
  if (error instanceof GitCommandFailure) return explainFailure(error, args[0] ?? "", directory);
  if (error instanceof GitConstructError) {
    return new TaskMasterError("NOT_A_REPOSITORY", `The folder ${directory} does not exist.`, { cause: error });
  }
  if (error instanceof TaskMasterError) return error;
  return new TaskMasterError("GIT_FAILED", `git ${args[0] ?? ""} could not be run: ${String(error)}`, { cause: error });
}
