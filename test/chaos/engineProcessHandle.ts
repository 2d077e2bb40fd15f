import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { EngineProcessOptions } from "./engineProcessOptions.ts";

/** Bundles the engine's process into the folder, so that a new one starts fast; gives the script's path. */
export async function buildEngineProcess(folder: string): Promise<string> {
  const outfile = join(folder, "engineProcess.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("engineProcess.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
  });
  return outfile;
}

/** One running engine, as the one who kills it sees it. */
export class EngineProcess {
  isStopped = false;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = "";

  private constructor(script: string, options: EngineProcessOptions) {
    this.#child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ["pipe", "pipe", "pipe"] });
    this.#exited = once(this.#child, "exit");
    this.#child.stdin?.on("error", () => undefined); // it was killed
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
  }

  /** Resolves when it works. */
  static async start(script: string, options: EngineProcessOptions): Promise<EngineProcess> {
    const engine = new EngineProcess(script, options);
    const lines = createInterface({ input: engine.#child.stdout as NodeJS.ReadableStream });
    const ready = await Promise.race([once(lines, "line"), engine.#exited.then(() => undefined)]);
    if (ready === undefined) throw new Error(`an engine ended at its start: ${engine.#output}`);
    return engine;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Stops it (SIGSTOP) for a while. */
  async holdFor(ms: number): Promise<void> {
    this.isStopped = true;
    this.#child.kill("SIGSTOP");
    await delay(ms);
    this.#child.kill("SIGCONT");
    this.isStopped = false;
  }

  /** SIGKILL; says so when it had ended by itself before. */
  async kill(): Promise<string | undefined> {
    this.#child.kill("SIGKILL");
    await this.#exited;
    return this.#child.signalCode === "SIGKILL" ? undefined : this.#ending();
  }

  /** Ends the meddling: everything is brought to its end. */
  settle(): void {
    this.#child.stdin?.write("settle\n");
  }

  /** Lets it end by itself; says so when it does not end well. */
  async stop(): Promise<string | undefined> {
    if (this.#child.signalCode === "SIGKILL") return undefined;
    this.#child.kill("SIGCONT");
    this.#child.stdin?.end();
    const isLate = await Promise.race([this.#exited.then(() => false), delay(10_000, true, { ref: false })]);
    if (isLate) await this.kill();
    if (isLate) return `engine ${this.pid} did not end: ${this.#output}`;
    return this.#child.exitCode === 0 ? undefined : this.#ending();
  }

  #ending(): string {
    return `engine ${this.pid} ended by itself with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.#output}`;
  }
}
