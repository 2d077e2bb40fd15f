/** Builds every object once, in the order in which a task travels, for the extension and for the terminal: the only file that knows all layers. */
import { randomBytes } from "node:crypto";
import { abortable } from "./base/abort.ts";
import { createAgentWork } from "./engine/agentWork.ts";
import { unattended } from "./engine/approvals.ts";
import type { QueueDeps } from "./engine/engineDeps.ts";
import { TaskEngine } from "./engine/taskEngine.ts";
import type { TaskEngineFacade } from "./engine/facade.ts";
import type { Clock, LeasedTask, Logger, TaskStore, Timers, VerbOptions, WorkerHost } from "./engine/ports.ts";
import type { LooperDeps } from "./engine/looper.ts";
import { TaskQueue } from "./engine/taskQueue.ts";
import { createWorkCheck } from "./engine/verification.ts";
import type { KnownProvider, ProviderSecrets } from "./model/provider.ts";
import { defaultSettings, type EngineSettings } from "./model/settings.ts";
import { createCommandVerifier } from "./host/commandVerifier.ts";
import { createGitDeps, type GitDeps } from "./host/gitDeps.ts";
import { createAgentRouter } from "./host/agentRouter.ts";
import { gooseChoice } from "./host/gooseChoice.ts";
import { createGooseAgent, type ModelChoice } from "./host/gooseAgent.ts";
import { callHandler, noTask } from "./host/invokeHandler.ts";
import { readInstructions } from "./host/instructions.ts";
import { isOwnerGone, makeOwner } from "./host/processOwner.ts";
import { createRunReaper } from "./host/runReaper.ts";
import { checkSetup, type SetupCheck } from "./host/setupChecks.ts";
import { createStructuredLogger } from "./host/structuredLogger.ts";
import { TaskWorkerHost } from "./host/taskWorkerHost.ts";
import { createQueueCare } from "./host/queueCare.ts";
import { QueueUpkeep } from "./host/queueUpkeep.ts";
import { filterEvent, type Event } from "./base/event.ts";
import { untrusted, type TaskMasterError } from "./model/errors.ts";
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
  /** Secrets of a provider that is chosen in the settings; absent where there is no place for them. */
  readonly providerSecrets?: (providerId: string) => ProviderSecrets;
  /** Whether the user trusts the folder; the terminal's user does by naming it. */
  readonly isTrusted?: () => boolean;
  /** The process stays open: what somebody runs by itself is tried again at its time. */
  readonly triesAgain?: boolean;
  /** Only to be looked at: no task of a process that has ended is taken up or put right, nothing is run, not even the upkeep. */
  readonly isForLooking?: boolean;
}

/** A running engine and what it stands on. */
export interface OpenedEngine {
  readonly engine: TaskEngineFacade;
  /** What was wrong with the queue's place and what was done about it. */
  readonly warnings: readonly TaskMasterError[];
  /** Tells, also what was before, that the queue was lost while it was open (STORE_FAILED: nothing is written any more) or is damaged (STORE_CORRUPT). */
  readonly onTrouble: Event<TaskMasterError>;
  readonly databasePath: string;
  /** Whether the process of a lease's owner has certainly ended. */
  readonly isOwnerGone: (owner: string) => boolean;
  /** Looks whether everything that a run needs is there. */
  checkSetup(): Promise<readonly SetupCheck[]>;
  /** The providers that Goose can be set up with (GOOSE_*). */
  providers(): Promise<readonly KnownProvider[]>;
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

/** On what workers are built. */
export interface BaseWorkerConfig {
  /** The working directory whose repository the tasks change. */
  readonly repository: string;
  /** Where worktrees and temporary files go; the queue's own directory. */
  readonly stateDirectory: string;
  /** Absolute path of the worker's script. */
  readonly workerScript: string;
  /** Default: what holds where nothing is set. */
  readonly settings?: () => EngineSettings;
  /** Default: JSON lines on stderr, from "info" on. */
  readonly log?: Logger;
}

/** What every worker needs, whichever agent it drives. */
export interface BaseWorkerDeps extends Required<Omit<BaseWorkerConfig, "workerScript">> {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Resolves after the time, rejects with the reason of the signal. */
  readonly sleep: LooperDeps["sleep"];
  /** Where git, Goose and commands run; whoever made it stops it. */
  readonly workers: WorkerHost;
  readonly git: GitDeps;
}

/** Clock, timers, sleep, log, worker threads and git. */
export function createBaseWorkerDeps(config: BaseWorkerConfig): BaseWorkerDeps {
  const { repository, stateDirectory, workerScript, settings = () => defaultSettings, log = createStructuredLogger("info") } = config;
  const workers = new TaskWorkerHost({ script: workerScript, settings, timers, log });
  const git = createGitDeps({ workers, settings, stateDirectory, log }, repository);
  return { repository, stateDirectory, settings, log, clock, timers, sleep, workers, git };
}

const sleep: LooperDeps["sleep"] = async (ms, { signal }) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = timers.after(ms, resolve);
  try {
    await abortable(promise, signal);
  } finally {
    timer.dispose();
  }
};

/** On what a queue is built: an open store (`openQueue`), and the workers of its repository. */
export interface TaskQueueConfig {
  readonly base: BaseWorkerDeps;
  readonly store: TaskStore;
  /** Whether the user trusts the repository (default: yes, by naming it). */
  readonly isTrusted?: () => boolean;
}

/** The durable queue as a loop sees it. */
export function createTaskQueue(config: TaskQueueConfig): TaskQueue {
  return new TaskQueue(queueDeps(config));
}

function queueDeps({ base, store, isTrusted = () => true }: TaskQueueConfig): QueueDeps {
  const { git, log, settings, repository, workers } = base;
  const owner = makeOwner(randomBytes(4).toString("hex"));
  const reap = createRunReaper({ workers });
  return { store, git, clock, timers, random: Math.random, log, settings, isTrusted, owner, isOwnerGone, reap, leaseMs, repository };
}

/** How Goose works on the tasks of a queue. Keys of providers come from the environment or Goose's own configuration, never from here. */
export interface GooseWorkerConfig extends ModelChoice {
  readonly base: BaseWorkerDeps;
  readonly queue: TaskQueue;
  /** One prompt turn takes no longer than this (ms), whatever task and settings allow. */
  readonly processTimeout?: number;
  /** A file, in the repository or by its absolute path, whose text every Goose session is told before its task. */
  readonly instructionsFile?: string;
}

/** Real Goose as the loop's `runWorker`: sessions, feedback and what Goose says go into the queue's journal. */
export function makeGooseWorker(config: GooseWorkerConfig): LooperDeps["runWorker"] {
  const { base, queue, instructionsFile, processTimeout, provider, model } = config;
  return createAgentWork({
    agent: createGooseAgent({
      ...base,
      choice: { ...(provider === undefined ? {} : { provider }), ...(model === undefined ? {} : { model }) },
      ...(processTimeout === undefined ? {} : { processTimeoutMs: processTimeout }),
    }),
    store: queue.store,
    journal: queue.journal,
    approval: unattended(base.settings),
    log: base.log,
    ...(instructionsFile === undefined ? {} : { instructions: ({ task }) => readInstructions(instructionsFile, task.repository) }),
  });
}

/** Every verb of the loop, with real git and real Goose: `loop(createGooseWorkerDeps(config))({ signal })` works the queue. */
export function createGooseWorkerDeps(config: GooseWorkerConfig): LooperDeps {
  const { base, queue } = config;
  const { git, log, sleep } = base;
  const { pullTask, ackTask, checkpoint } = queue;
  const check = createWorkCheck({ git, verifier: createCommandVerifier(base) });
  const told = (leased: LeasedTask, options: VerbOptions): VerbOptions => ({ onEvents: (events) => queue.report(leased, events), ...options });
  return {
    git: { ...git, commitAndPush: (leased, workspace, options) => git.commitAndPush(leased, workspace, told(leased, options)) },
    verify: (leased, workspace, result, options) => check(leased, workspace, result, told(leased, options)),
    runWorker: makeGooseWorker(config),
    pullTask,
    ackTask,
    checkpoint,
    log,
    sleep,
  };
}

/** Opens the queue of the folder and starts an engine on it. Throws the store's errors; Goose and git are first needed by a run. */
export async function openEngine(options: OpenEngineOptions): Promise<OpenedEngine> {
  const { folder, ownDirectory, dataDirectory, workerScript, logger, settings, isTrusted, providerSecrets, isForLooking = false, triesAgain = false } = options;
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
  const base = createBaseWorkerDeps({ repository: queue.folder, stateDirectory: queue.stateDirectory, workerScript, settings, log: logger });
  const { workers } = base;
  const goose = { settings, stateDirectory: base.stateDirectory, ...(providerSecrets === undefined ? {} : { providerSecrets }) };
  const engine = new TaskEngine({
    ...queueDeps({ base, store: queue.store, ...(isTrusted === undefined ? {} : { isTrusted }) }),
    workers,
    triesAgain,
    agent: createAgentRouter(createGooseAgent({ workers, ...goose, settings }), workers),
    verifier: createCommandVerifier(base),
  });
  /** Both start Goose and git. */
  const inTrust = async <T>(look: () => Promise<T>): Promise<T> => {
    if (isTrusted?.() === false) throw untrusted();
    return look();
  };
  let disposed: Promise<void> | undefined;
  try {
    if (isForLooking) engine.listen();
    else await engine.start();
  } catch (error) {
    await queue.store.close();
    throw error;
  }
  const { databasePath } = queue;
  logger.info("the queue is open", { database: databasePath, size: sizeText(queueSize(databasePath)) });
  const upkeep = isForLooking ? undefined : startUpkeep({ queue, engine, workers, settings, logger });
  return {
    engine,
    warnings: queue.warnings,
    onTrouble: trouble.event,
    isOwnerGone,
    databasePath,
    checkSetup: () =>
      inTrust(() => checkSetup({ ...goose, settings, workers, folder: queue.folder, queue: () => `${databasePath}, ${sizeText(queueSize(databasePath))}` })),
    providers: () =>
      inTrust(async () => {
        const input = { goose: gooseChoice(goose).goose, cwd: queue.folder };
        return (await callHandler(workers, noTask, { handler: "goose.providers", input })).providers;
      }),
    dispose: () => {
      upkeep?.dispose();
      return (disposed ??= engine.stopEngine().then(() => queue.store.close()));
    },
  };
}

interface UpkeepParts extends Pick<OpenEngineOptions, "settings" | "logger"> {
  readonly queue: OpenedQueue;
  readonly engine: TaskEngine;
  readonly workers: WorkerHost;
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
