import { fileURLToPath } from "node:url";
import { openEngine, type OpenedEngine } from "../../src/composition.ts";
import type { TaskChange } from "../../src/engine/facade.ts";
import { defaultSettings, type EngineSettings } from "../../src/model/settings.ts";
import type { Task } from "../../src/model/task.ts";
import { gooseBinary } from "./gooseBinary.ts";
import { waitFor, waitForNoProcesses } from "./leakCheck.ts";
import { startModelServer, type ModelScript, type ModelServer } from "./modelServer.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "./tempRepo.ts";

/** What a test may choose. */
export interface ProductOptions {
  readonly script?: ModelScript;
  readonly settings?: Partial<EngineSettings>;
  readonly repo?: TempRepo;
  /** Further environment of the process, and so of Goose; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The whole product without a surface: real store, real worker threads, real git, real Goose and a scripted model. */
export class ProductEngine {
  readonly repo: TempRepo;
  readonly home: TempDir;
  readonly model: ModelServer;
  opened: OpenedEngine;
  readonly changes: TaskChange[] = [];
  readonly #settings: Partial<EngineSettings>;
  readonly #restore: () => void;

  private constructor(parts: {
    repo: TempRepo;
    home: TempDir;
    model: ModelServer;
    opened: OpenedEngine;
    settings: Partial<EngineSettings>;
    restore: () => void;
  }) {
    this.repo = parts.repo;
    this.home = parts.home;
    this.model = parts.model;
    this.opened = parts.opened;
    this.#settings = parts.settings;
    this.#restore = parts.restore;
    this.opened.engine.onDidChange((changes) => this.changes.push(...changes));
  }

  /** Opens it in a home of its own; `close` ends it and looks for leftovers. */
  static async open({ script, settings = {}, repo = createTempRepo(), env = {} }: ProductOptions = {}): Promise<ProductEngine> {
    const home = createTempDir("task-master-home-");
    const model = await startModelServer(script);
    const restore = setEnvironment({ HOME: home.dir, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined, XDG_STATE_HOME: undefined, ...model.env, ...env });
    const opened = await openOn(repo, settings);
    return new ProductEngine({ repo, home, model, opened, settings, restore });
  }

  /** Opens the same queue anew, as after a restart. */
  async reopen(): Promise<OpenedEngine["engine"]> {
    await this.opened.dispose();
    this.opened = await openOn(this.repo, this.#settings);
    return this.opened.engine;
  }

  get engine(): OpenedEngine["engine"] {
    return this.opened.engine;
  }

  add(title: string, more: { dependsOn?: readonly Task["id"][]; acceptance?: Task["acceptance"] } = {}): Promise<Task> {
    return this.engine.enqueue({ title, ...more });
  }

  /** Runs a task to its end. */
  async run(task: Task): Promise<Task> {
    return (await this.engine.run(task.id)).finished;
  }

  /** Waits until an event of this kind was published. */
  heard(accepts: (change: TaskChange) => boolean, what: string): Promise<TaskChange> {
    return waitFor(() => this.changes.find(accepts), { what, timeoutMs: 20_000 });
  }

  /** Registered worktrees besides the user's checkout. */
  get worktrees(): string[] {
    return this.repo
      .git("worktree", "list", "--porcelain")
      .split("\n")
      .filter((line) => line.startsWith("worktree ") && line !== `worktree ${this.repo.dir}`);
  }

  /** Ends everything and fails when a process of it is left: each carries the path of this test's home. */
  async close(): Promise<void> {
    await this.opened.dispose();
    await this.model.close();
    this.#restore();
    await waitForNoProcesses(this.home.dir);
    this.repo.dispose();
    this.home.dispose();
  }
}

function openOn(repo: TempRepo, settings: Partial<EngineSettings>): Promise<OpenedEngine> {
  const log = (): void => undefined;
  return openEngine({
    folder: repo.dir,
    workerScript: fileURLToPath(new URL("../../src/worker/harness.ts", import.meta.url)),
    logger: { debug: log, info: log, warn: log, error: log },
    settings: () => ({ ...defaultSettings, goosePath: gooseBinary(), ...settings }),
  });
}

/** Sets or removes variables of this process; the answer puts them back. */
export function setEnvironment(values: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(values)) set(name, value);
  return () => before.forEach(([name, value]) => set(name, value));
}
