import { fileURLToPath } from "node:url";
import { createBaseWorkerDeps, createTaskQueue, type BaseWorkerDeps } from "../../src/composition.ts";
import type { LogSink } from "../../src/host/structuredLogger.ts";
import { createStructuredLogger } from "../../src/host/structuredLogger.ts";
import type { TaskQueue } from "../../src/engine/taskQueue.ts";
import { defaultSettings, type EngineSettings } from "../../src/model/settings.ts";
import { openQueue } from "../../src/store/openQueue.ts";
import type { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";

/** What somebody builds who drives the loop without an engine: the queue of a repository, workers and git. */
export interface LoopWorld {
  readonly store: SqliteTaskStore;
  readonly base: BaseWorkerDeps;
  readonly queue: TaskQueue;
  close(): Promise<void>;
}

/** Opens the queue of a folder, with what works on it. */
export async function openLoopWorld(
  place: { readonly folder: string; readonly dataDirectory: string },
  { settings = {}, sink = { write: () => undefined } }: { readonly settings?: Partial<EngineSettings>; readonly sink?: LogSink } = {},
): Promise<LoopWorld> {
  const { store, folder, stateDirectory } = await openQueue(place);
  const base = createBaseWorkerDeps({
    repository: folder,
    stateDirectory,
    workerScript: fileURLToPath(new URL("../../src/worker/harness.ts", import.meta.url)),
    settings: () => ({ ...defaultSettings, ...settings }),
    log: createStructuredLogger("debug", sink),
  });
  const queue = createTaskQueue({ base, store });
  const close = async (): Promise<void> => {
    queue.dispose();
    await base.workers.stop(5_000);
    await store.close();
  };
  return { store, base, queue, close };
}
