import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { createTempDir, type TempDir } from "../helpers/tempRepo.ts";

const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

/** The terminal as it is shipped, in a folder of its own: building does not disturb others that use dist/. */
export async function buildCliPackage(): Promise<TempDir> {
  const folder = createTempDir("task-master-cli-");
  await build({
    absWorkingDir: projectRoot,
    entryPoints: { cli: "src/cli.ts", worker: "src/worker/harness.ts" },
    outdir: path.join(folder.dir, "dist"),
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    external: ["vscode"],
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "error",
  });
  copyFileSync(path.join(projectRoot, "package.json"), path.join(folder.dir, "package.json"));
  return folder;
}

/** How a command line ended. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The NDJSON objects on stdout. */
  readonly records: readonly CliRecord[];
}

/** One NDJSON object; the fields depend on the type. */
export interface CliRecord extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly id?: string;
  readonly status?: string;
  readonly code?: string;
}

/** A command line that runs. */
export interface CliProcess {
  readonly result: Promise<CliResult>;
  /** What was printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  kill(signal: NodeJS.Signals): void;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly node?: string;
  /** Kills the process after this time; default: never. */
  readonly timeoutMs?: number;
}

/** Runs the built terminal in a repository, with a home folder of its own that also marks its processes. */
export class Cli {
  /** Path of the built script. */
  readonly script: string;
  readonly #repo: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(options: { readonly packageDir: string; readonly repo: string; readonly home: string; readonly env?: Readonly<Record<string, string>> }) {
    this.script = path.join(options.packageDir, "dist", "cli.cjs");
    this.#repo = options.repo;
    const below = (name: string): string => path.join(options.home, name);
    this.#env = {
      PATH: process.env["PATH"] ?? "",
      HOME: options.home,
      XDG_CONFIG_HOME: below("config"),
      XDG_DATA_HOME: below("data"),
      XDG_STATE_HOME: below("state"),
      GOOSE_BINARY: gooseBinary(),
      ...options.env,
    };
  }

  run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return this.start(args, options).result;
  }

  start(args: readonly string[], { node = process.execPath, ...options }: CliOptions = {}): CliProcess {
    return this.#spawn(node, [this.script, ...args], options);
  }

  /** Runs a line of the shell in the repository. */
  shell(line: string): Promise<CliResult> {
    return this.#spawn("sh", ["-c", line]).result;
  }

  #spawn(program: string, args: readonly string[], { env = {}, input, timeoutMs }: Omit<CliOptions, "node"> = {}): CliProcess {
    const child = spawn(program, args, { cwd: this.#repo, env: { ...this.#env, ...env }, timeout: timeoutMs, killSignal: "SIGKILL" });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // The terminal may end before it has read everything.
    child.stdin.on("error", () => undefined).end(input);
    const result = once(child, "close").then(([exitCode, signal]): CliResult => {
      const lines = stdout.split("\n").filter((line) => line.startsWith('{"v":1'));
      const records = lines.map((line) => JSON.parse(line) as CliRecord);
      return { exitCode: exitCode as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr, records };
    });
    return { result, output: () => ({ stdout, stderr }), kill: (signal) => void child.kill(signal) };
  }

  /** Adds a task and returns its id. */
  async add(...args: readonly string[]): Promise<string> {
    const { records, exitCode, stderr, stdout } = await this.run(["add", "--json", ...args]);
    const id = records[0]?.id;
    if (exitCode !== 0 || id === undefined) throw new Error(`add failed with ${String(exitCode)}:\n${stdout}${stderr}`);
    return id;
  }

  async show(id: string): Promise<CliRecord> {
    const { records } = await this.run(["show", id, "--json"]);
    const task = records[0];
    if (task === undefined) throw new Error(`show ${id} printed nothing`);
    return task;
  }
}
