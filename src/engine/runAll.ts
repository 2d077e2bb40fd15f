import type { Event } from "../base/event.ts";
import { isSetupError } from "../model/errorClasses.ts";
import { toTaskMasterError, type ErrorCode } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { RunningTask, TaskChange } from "./facade.ts";
import type { Clock, Timers } from "./ports.ts";

/** What runAll needs of the engine. */
export interface RunAllDeps {
  /** Starts the next ready task; undefined when none is ready or no slot is free. */
  readonly startNext: () => Promise<RunningTask | undefined>;
  readonly onDidChange: Event<readonly TaskChange[]>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Ends the starting of further tasks. */
  readonly signal?: AbortSignal;
}

/** Failures that every further task would meet too: the queue stops starting and the user is asked. */
function stopsTheQueue(code: ErrorCode): boolean {
  return isSetupError(code) || code === "GOOSE_AUTHENTICATION" || code === "GOOSE_CREDITS";
}

/** Keeps every slot busy until no task is ready and none of those started runs; resolves with their ids in order of their end. */
export async function runAll(deps: RunAllDeps): Promise<readonly TaskId[]> {
  const batch = new Batch(deps);
  const subscription = deps.onDidChange(() => batch.wake());
  const onAbort = (): void => batch.halt();
  deps.signal?.addEventListener("abort", onAbort, { once: true });
  if (deps.signal?.aborted === true) batch.halt();
  try {
    return await batch.work();
  } finally {
    subscription.dispose();
    deps.signal?.removeEventListener("abort", onAbort);
  }
}

/** One runAll under way: what runs, what has ended, and what it waits for. */
class Batch {
  readonly #deps: RunAllDeps;
  readonly #ended = new Set<TaskId>();
  readonly #running = new Set<TaskId>();
  readonly #retries = new Map<TaskId, number>();
  #isHalted = false;
  #failure: unknown;
  #awake = Promise.withResolvers<void>();

  constructor(deps: RunAllDeps) {
    this.#deps = deps;
  }

  wake(): void {
    this.#awake.resolve();
  }

  /** Starts nothing more. */
  halt(): void {
    this.#isHalted = true;
    this.wake();
  }

  async work(): Promise<readonly TaskId[]> {
    for (;;) {
      this.#awake = Promise.withResolvers<void>();
      await this.#fill();
      const retryAt = this.#nextRetry();
      if (this.#running.size === 0 && retryAt === undefined) break;
      await this.#sleepUntil(retryAt);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return [...this.#ended];
  }

  /** Starts what can start now. */
  async #fill(): Promise<void> {
    while (!this.#isHalted) {
      const started = await this.#start();
      if (started === undefined) return;
      this.#running.add(started.task.id);
      this.#retries.delete(started.task.id);
      void started.finished.then((task) => this.#onEnd(task));
    }
  }

  async #start(): Promise<RunningTask | undefined> {
    try {
      return await this.#deps.startNext();
    } catch (thrown) {
      this.#isHalted = true;
      if (toTaskMasterError(thrown).code !== "CANCELLED") this.#failure = thrown;
      return undefined;
    }
  }

  #onEnd(task: Task): void {
    this.#running.delete(task.id);
    this.#ended.add(task.id);
    if (task.status === "todo" && task.notBefore !== undefined) this.#retries.set(task.id, task.notBefore);
    const code = task.status === "failed" ? task.result?.error?.code : undefined;
    if (code !== undefined && stopsTheQueue(code)) this.#isHalted = true;
    this.wake();
  }

  #nextRetry(): number | undefined {
    if (this.#isHalted) return undefined;
    for (const [id, at] of this.#retries) if (at <= this.#deps.clock.now()) this.#retries.delete(id); // due: it had its chance just now
    return [...this.#retries.values()].sort((a, b) => a - b)[0];
  }

  async #sleepUntil(time: number | undefined): Promise<void> {
    const timer = time === undefined ? undefined : this.#deps.timers.after(Math.max(0, time - this.#deps.clock.now()), () => this.wake());
    await this.#awake.promise;
    timer?.dispose();
  }
}
