/** A real Goose whose every line is kept, in a home of its own. */
import { Redaction } from "../../src/worker/process/redaction.ts";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { PermissionOutcome, PermissionRequest } from "../../src/model/toolCall.ts";
import { GooseSession } from "../../src/worker/goose/gooseSession.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { gooseConfig } from "../helpers/gooseConfig.ts";
import { startModelServer, type ModelScript, type ModelServer } from "../helpers/modelServer.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";

/** Where Goose runs for a recording. */
export interface RecordedOptions {
  readonly script: ModelScript;
  readonly env?: Readonly<Record<string, string>>;
  /** Goose's own extensions beside the developer's, and "test", the MCP server of the tests. */
  readonly extensions?: readonly string[];
  /** Context window of the model in tokens. */
  readonly contextLimit?: number;
}

/** One place, with one Goose after the other. */
export class RecordedGoose implements AsyncDisposable {
  readonly server: ModelServer;
  readonly repo: TempRepo;
  readonly home: TempDir;
  readonly end = new AbortController();
  permit: (request: PermissionRequest) => PermissionOutcome = () => "allow_once";
  readonly #options: RecordedOptions;
  #count = 0;

  private constructor(server: ModelServer, options: RecordedOptions) {
    this.server = server;
    this.#options = options;
    this.repo = createTempRepo({ files: { "a.txt": "one\n" } });
    this.home = createTempDir("golden-home-");
    this.home.write("root/config/config.yaml", gooseConfig(options.extensions));
    this.home.write("root/config/custom_providers/scripted.json", provider(server.url, options.contextLimit ?? 128_000));
  }

  static async create(options: RecordedOptions): Promise<RecordedGoose> {
    return new RecordedGoose(await startModelServer(options.script), options);
  }

  /** Starts the next Goose. */
  start(): GooseSession {
    const [given, told] = this.#files(++this.#count);
    const program = this.home.write(`goose-${this.#count}`, `#!/bin/sh\ntee '${given}' | '${gooseBinary()}' "$@" | tee '${told}'\n`);
    chmodSync(program, 0o755);
    const base = { PATH: process.env["PATH"] ?? "", HOME: this.home.dir };
    return new GooseSession({
      binary: program,
      worktree: this.repo.dir,
      gooseEnv: { ...base, ...this.server.env, GOOSE_MODE: "approve", GOOSE_PATH_ROOT: path.join(this.home.dir, "root"), ...this.#options.env },
      shellEnv: base,
      end: this.end.signal,
      gate: () => Promise.resolve(),
      permit: (request) => Promise.resolve(this.permit(request)),
      emit: () => undefined,
      onSignOfLife: () => undefined,
      redaction: new Redaction([]),
    });
  }

  /** What the newest Goose was told and what it said, line by line. */
  lines(): { readonly given: readonly string[]; readonly told: readonly string[] } {
    const [given = [], told = []] = this.#files(this.#count).map((file) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []));
    return { given, told };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    this.repo.dispose();
    this.home.dispose();
  }

  #files(index: number): [string, string] {
    return [path.join(this.home.dir, `given-${index}`), path.join(this.home.dir, `told-${index}`)];
  }
}

function provider(url: string, contextLimit: number): string {
  const models = [{ name: "scripted-model", context_limit: contextLimit }];
  const description = { name: "scripted", engine: "openai", display_name: "Scripted", description: "For tests", api_key_env: "OPENAI_API_KEY" };
  return JSON.stringify({ ...description, base_url: `${url}/v1/chat/completions`, models, supports_streaming: true });
}
