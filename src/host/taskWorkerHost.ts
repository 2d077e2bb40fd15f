import type { Disposable } from "../base/event.ts";
import type { InvocationHandle, InvocationObserver, Logger, TaskInvocation, Timers, WorkerHost } from "../engine/ports.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { EngineSettings } from "../model/settings.ts";
import { PoolWorker } from "./poolWorker.ts";

/** Long enough for a machine with far too much to do: threads that lived were silent for 15 s under a load of 20 (measured). */
const defaultSilenceMs = 45_000;
const silentRounds = 3;
/** After how many rounds an invocation counts as silent; the first may begin just after a sign of life. */
const suspiciousRounds = 2;

/** What a TaskWorkerHost is made with. */
export interface TaskWorkerHostOptions {
  /** Absolute path of the worker's script. */
  readonly script: string;
  readonly settings: () => Pick<EngineSettings, "poolSize" | "poolMode" | "poolModules">;
  readonly timers: Timers;
  readonly log: Logger;
  /** A worker with work that gives no sign of life for so long is ended (default 45 s; it beats every second). */
  readonly silenceMs?: number;
}

/**
 * The pool of workers on the main thread. A worker is made when all others are busy, up to the pool's size; beyond it
 * invocations share (only paused tasks make that happen, the engine starts no more than the size). A worker that is
 * gone, or that never gives its thread back, costs its invocations (WORKER_FAILED) and is replaced at the next need.
 */
export class TaskWorkerHost implements WorkerHost {
  readonly #options: TaskWorkerHostOptions;
  readonly #workers = new Set<PoolWorker>();
  #lastInvocationId = 0;
  #watch: Disposable | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: TaskWorkerHostOptions) {
    this.#options = options;
  }

  /** Messages that did not fit the protocol, over all workers alive. */
  get droppedMessages(): number {
    return [...this.#workers].reduce((sum, worker) => sum + worker.droppedMessages, 0);
  }

  /** Warms the first worker up; idempotent. */
  start(): Promise<void> {
    if (this.#workers.size === 0 && this.#stopping === undefined) this.#spawn();
    return Promise.resolve();
  }

  run(invocation: TaskInvocation, observer: InvocationObserver = {}): InvocationHandle {
    if (this.#stopping !== undefined) {
      const result = Promise.reject(new TaskMasterError("CANCELLED", "The workers are shutting down."));
      return { result, pause: () => undefined, resume: () => undefined, tell: () => undefined, cancel: () => undefined };
    }
    this.#watch ??= this.#watchSilence();
    return this.#pick().run(++this.#lastInvocationId, invocation, observer);
  }

  isSilent(taskId: TaskId): boolean {
    return [...this.#workers].some((worker) => worker.isSilent(taskId, suspiciousRounds));
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#shutDown(graceMs);
    return this.#stopping;
  }

  #pick(): PoolWorker {
    const [leastBusy] = [...this.#workers].sort((a, b) => a.load - b.load);
    if (leastBusy === undefined || (leastBusy.load > 0 && this.#workers.size < this.#options.settings().poolSize)) return this.#spawn();
    return leastBusy;
  }

  #spawn(): PoolWorker {
    const { script, settings, log } = this.#options;
    const { poolMode, poolModules } = settings();
    const worker = new PoolWorker({ mode: poolMode, script, modules: poolModules, log, onExit: (gone) => this.#workers.delete(gone) });
    this.#workers.add(worker);
    return worker;
  }

  /** Counts rounds, not time: after the machine slept, every worker has its full time again. Ends when nothing runs. */
  #watchSilence(): Disposable {
    const { timers, silenceMs = defaultSilenceMs } = this.#options;
    return timers.after(silenceMs / silentRounds, () => {
      for (const worker of this.#workers) worker.countSilence(silentRounds);
      this.#watch = [...this.#workers].some((worker) => worker.load > 0) ? this.#watchSilence() : undefined;
    });
  }

  async #shutDown(graceMs: number): Promise<void> {
    this.#watch?.dispose();
    const workers = [...this.#workers];
    for (const worker of workers) worker.post([{ type: "shutdown", graceMs }]);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.timers.after(graceMs, resolve);
    await Promise.race([Promise.all(workers.map((worker) => worker.idle())), late]);
    timer.dispose();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
