import type { AgentRunner, Clock, GitOperations, Logger, Random, RunReaper, TaskStore, Timers, Verifier, WorkerHost } from "./ports.ts";
import type { QueueGuard } from "./queueGuard.ts";
import type { EngineSettings } from "../model/settings.ts";

/** What working a queue needs: claims, leases, outcomes. */
export interface QueueDeps {
  readonly store: TaskStore;
  readonly git: GitOperations;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: () => EngineSettings;
  /** Whether the user trusts the repository: without trust the queue can be looked at, but nothing is started in it. */
  readonly isTrusted: () => boolean;
  /** Names this process among all that work on the queue. */
  readonly owner: string;
  /** Whether an owner's process has certainly ended; its leases count no more, however long they would last. */
  readonly isOwnerGone: (owner: string) => boolean;
  readonly reap: RunReaper;
  /** How long a lease lasts without a heartbeat (ms). */
  readonly leaseMs: number;
  /** The working directory whose repository the tasks change. */
  readonly repository: string;
}

/** What the engine and its runs share. */
export interface EngineDeps extends QueueDeps {
  readonly agent: AgentRunner;
  readonly verifier: Verifier;
  /** This process stays open: what somebody runs in it by itself is tried again in it, too. */
  readonly triesAgain?: boolean;
  /** Where handlers run; started with the engine and stopped with it. */
  readonly workers: WorkerHost;
}

/** What the end of an attempt is recorded with. */
export interface OutcomeDeps extends QueueDeps {
  readonly guard: QueueGuard;
}

/** What a run needs besides. */
export interface RunDeps extends EngineDeps, OutcomeDeps {}
