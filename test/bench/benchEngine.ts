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
  const before = { ...process.env };
  for (const name of ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]) delete process.env[name];
  Object.assign(process.env, { HOME: home.dir }, env);
  const silent = (): void => undefined;
  const opened = await openEngine({
    folder: repo.dir,
    workerScript: join(dist, "worker.cjs"),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    settings: () => ({ ...defaultSettings, goosePath: gooseBinary(), ...settings }),
  });
  const dispose = async (): Promise<void> => {
    await opened.dispose();
    process.env = before;
    repo.dispose();
    home.dispose();
  };
  return { opened, repo, home: home.dir, [Symbol.asyncDispose]: dispose };
}
