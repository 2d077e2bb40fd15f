import type { Readable, Writable } from "node:stream";
import path from "node:path";
import { execa } from "execa";
import type { Environment } from "./environment.ts";
import { guard } from "./guard.ts";

/** How a process ended; `error` when it could not be started at all. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly error?: Error & { readonly code?: string };
}

/** A child in a process group of its own, so that it can be killed with everything it started. */
export interface ProcessGroup {
  /** Undefined when the program could not be started. */
  readonly pid: number | undefined;
  /** Undefined unless asked for. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the child itself ended, whether or not something still holds its output. Never rejects. */
  readonly exited: Promise<ExitStatus>;
  readonly hasExited: boolean;
  /** SIGKILL to the whole group; later calls do nothing, as the id may belong to somebody else by then. */
  killGroup(): void;
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Environment;
  /** Default false: reading stdin gives the end of the file at once. */
  readonly stdin?: boolean;
  /** Windows: hand over the arguments as they are (for cmd.exe). */
  readonly verbatim?: boolean;
}

/** Starts a program with exactly this environment. Never throws: what goes wrong is in `exited`. */
export function spawnGroup(file: string, args: readonly string[], options: SpawnOptions): ProcessGroup {
  const child = execa(file, args, {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    stdin: options.stdin === true ? "pipe" : "ignore",
    stdout: "pipe",
    stderr: "pipe",
    // We read the streams ourselves, with caps.
    buffer: false,
    reject: false,
    // An own process group, which is also killed when this thread ends in an orderly way.
    killDescendants: true,
    windowsVerbatimArguments: options.verbatim === true,
  });
  if (child.pid !== undefined) guard.addGroup(child.pid);
  let killed = false;
  let hasExited = false;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.nodeChildProcess.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    // Covers a program that could not be started: it never exits.
    void child.then((result) => {
      const { cause } = result;
      resolve({
        exitCode: result.exitCode ?? null,
        signal: result.signal ?? null,
        ...(cause instanceof Error && result.exitCode === undefined ? { error: cause } : {}),
      });
    });
  }).then((status) => {
    hasExited = true;
    return status;
  });
  // A child that ends while we write to it is noticed by its exit.
  child.stdin?.on("error", () => undefined);
  return {
    pid: child.pid,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    get hasExited() {
      return hasExited;
    },
    killGroup: () => {
      if (killed || child.pid === undefined) return;
      killed = true;
      killGroup(child.pid);
      guard.dropGroup(child.pid);
    },
  };
}

/** The command that ends a process tree on Windows: the system's own program, never one of the same name in the folder or on the PATH. */
export function taskkill(pid: number, env: Readonly<Record<string, string | undefined>>): { readonly file: string; readonly args: readonly string[] } {
  return { file: path.win32.join(env["SystemRoot"] ?? "C:\\Windows", "System32", "taskkill.exe"), args: ["/PID", String(pid), "/T", "/F"] };
}

/** Kills a process group (on Windows: a process tree). A group that is already gone is no error. */
export function killGroup(pid: number): void {
  if (process.platform === "win32") {
    const { file, args } = taskkill(pid, process.env);
    void execa(file, args, { reject: false, stdio: "ignore" });
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // EPERM: macOS answers so for a group of which only zombies are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
