/** Builds every object once, in the order in which a task travels, for the extension and for the terminal: the only file that knows all layers. */
import { randomBytes } from "node:crypto";
import { TaskEngine } from "./engine/taskEngine.ts";
import type { TaskEngineFacade } from "./engine/facade.ts";
import type { Clock, Logger, Timers } from "./engine/ports.ts";
import type { EngineSettings } from "./model/settings.ts";
import { createCommandVerifier } from "./host/commandVerifier.ts";
import { createGitOperations } from "./host/gitOperations.ts";
import { createGooseAgent } from "./host/gooseAgent.ts";
import { isOwnerGone, makeOwner } from "./host/processOwner.ts";
import { createRunReaper } from "./host/runReaper.ts";
import { checkSetup, type SetupCheck } from "./host/setupChecks.ts";
import { TaskWorkerHost } from "./host/taskWorkerHost.ts";
import { createQueueCare } from "./host/queueCare.ts";
import { QueueUpkeep } from "./host/queueUpkeep.ts";
import { filterEvent, type Event } from "./base/event.ts";
import type { TaskMasterError } from "./model/errors.ts";
import { passingEventTypes } from "./model/taskEvent.ts";
import { openQueue, type OpenedQueue } from "./store/openQueue.ts";
import { queueSize, sizeText } from "./store/queueSize.ts";
import { TroubleSource } from "./store/trouble.ts";

/** How long a lease lasts without a heartbeat (ms). */
const leaseMs = 30_000;

/** What an engine is opened with. */
export interface OpenEngineOptions {
  /** The open folder, anywhere in the repository. */
  readonly folder: string;
  /** VS Code's storage directory of the workspace; absent in the terminal. */
  readonly ownDirectory?: string;
  /** The user's data directory; found by platform when absent. */
  readonly dataDirectory?: string;
  /** Absolute path of the worker's script. */
  readonly workerScript: string;
  readonly logger: Logger;
  readonly settings: () => EngineSettings;
  /** Whether the user trusts the folder; the terminal's user does by naming it. */
  readonly isTrusted?: () => boolean;
}

/** A running engine and what it stands on. */
export interface OpenedEngine {
  readonly engine: TaskEngineFacade;
  /** What was wrong with the queue's place and what was done about it. */
  readonly warnings: readonly TaskMasterError[];
  /** Tells, also what was before, that the queue was lost while it was open (STORE_FAILED: nothing is written any more) or is damaged (STORE_CORRUPT). */
  readonly onTrouble: Event<TaskMasterError>;
  readonly databasePath: string;
  /** Looks whether everything that a run needs is there. */
  checkSetup(): Promise<readonly SetupCheck[]>;
  /** Ends the runs within the grace period, keeping their places, and closes the queue; idempotent. */
  dispose(): Promise<void>;
}

const clock: Clock = { now: () => Date.now() };

const timers: Timers = {
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { dispose: () => clearTimeout(timer) };
  },
};

/** Opens the queue of the folder and starts an engine on it. Throws the store's errors; Goose and git are first needed by a run. */
export async function openEngine(options: OpenEngineOptions): Promise<OpenedEngine> {
  const { folder, ownDirectory, dataDirectory, workerScript, logger, settings } = options;
  const trouble = new TroubleSource((error) => logger.error("a listener failed", { error: String(error) }));
  const queue = await openQueue({
    folder,
    ...(ownDirectory === undefined ? {} : { ownDirectory }),
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    store: {
      onBadRow: (error) => logger.error("a stored task cannot be read", { error: error.message }),
      onTrouble: (error) => {
        logger.error(error.message, { code: error.code });
        trouble.tell(error);
      },
    },
  });
  const workers = new TaskWorkerHost({ script: workerScript, settings, timers, log: logger });
  const { stateDirectory } = queue;
  const engine = new TaskEngine({
    store: queue.store,
    workers,
    agent: createGooseAgent({ workers, settings, stateDirectory }),
    git: createGitOperations({ workers, settings, stateDirectory }),
    verifier: createCommandVerifier({ workers, stateDirectory }),
    clock,
    timers,
    random: Math.random,
    log: logger,
    settings,
    isTrusted: options.isTrusted ?? (() => true),
    owner: makeOwner(randomBytes(4).toString("hex")),
    isOwnerGone,
    reap: createRunReaper({ workers }),
    leaseMs,
    repository: queue.folder,
  });
  let disposed: Promise<void> | undefined;
  try {
    await engine.start();
  } catch (error) {
    await queue.store.close();
    throw error;
  }
  const { databasePath } = queue;
  logger.info("the queue is open", { database: databasePath, size: sizeText(queueSize(databasePath)) });
  const upkeep = startUpkeep({ queue, engine, workers, settings, logger });
  return {
    engine,
    warnings: queue.warnings,
    onTrouble: trouble.event,
    databasePath,
    checkSetup: () => checkSetup({ workers, settings, folder: queue.folder, queue: () => `${databasePath}, ${sizeText(queueSize(databasePath))}` }),
    dispose: () => {
      upkeep.dispose();
      return (disposed ??= engine.stopEngine().then(() => queue.store.close()));
    },
  };
}

interface UpkeepParts extends Pick<OpenEngineOptions, "settings" | "logger"> {
  readonly queue: OpenedQueue;
  readonly engine: TaskEngine;
  readonly workers: TaskWorkerHost;
}

/** Keeps the database in good order: checks and backups in a worker, the rest in short slices. */
function startUpkeep({ queue: { store, databasePath }, engine, workers, settings, logger }: UpkeepParts): QueueUpkeep {
  return new QueueUpkeep({
    ...createQueueCare(workers, { database: databasePath, uuid: store.uuid }),
    clock,
    timers,
    log: logger,
    compact: async (endedBefore) => (await store.compact(endedBefore, clock.now())).isLast,
    onDamage: (what) => store.reportDamage(what),
    onDidChange: filterEvent(engine.onDidChange, (changes) => changes.some(({ event }) => !passingEventTypes.has(event.type))),
    isQuiet: () => engine.running.length === 0,
    retentionDays: () => settings().retentionDays,
  });
}
