import { join } from "node:path";
import { openEngine, type OpenedEngine } from "../../src/composition.ts";
import { defaultSettings, type EngineSettings } from "../../src/model/settings.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { createTempDir, createTempRepo, type TempRepo } from "../helpers/tempRepo.ts";

/** What the engine of a benchmark is opened with. */
export interface BenchEngineOptions {
  /** Holds the worker as it is shipped. */
  readonly dist: string;
  readonly settings?: Partial<EngineSettings>;
  readonly env?: Readonly<Record<string, string>>;
}

/** An engine as the product makes it, with the shipped worker, on a scratch repository and in a home of its own. */
export interface BenchEngine extends AsyncDisposable {
  readonly opened: OpenedEngine;
  readonly repo: TempRepo;
  readonly home: string;
}

/** Opens the engine; the environment of this process is Goose's too, so it is changed until the engine is disposed. */
export async function openBenchEngine({ dist, settings = {}, env = {} }: BenchEngineOptions): Promise<BenchEngine> {
  const home = createTempDir("tm-bench-home-");
  const repo = createTempRepo();
  const restore = setEnvironment({ XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined, XDG_STATE_HOME: undefined, HOME: home.dir, ...env });
  const silent = (): void => undefined;
  const opened = await openEngine({
    folder: repo.dir,
    workerScript: join(dist, "worker.cjs"),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    settings: () => ({ ...defaultSettings, goosePath: gooseBinary(), ...settings }),
  });
  const dispose = async (): Promise<void> => {
    await opened.dispose();
    restore();
    repo.dispose();
    home.dispose();
  };
  return { opened, repo, home: home.dir, [Symbol.asyncDispose]: dispose };
}

/** Changes the process's own environment, which its worker threads copy, and gives the way back. */
function setEnvironment(values: Readonly<Record<string, string | undefined>>): () => void {
  const set = (all: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]));
  set(values);
  return () => set(before);
}
