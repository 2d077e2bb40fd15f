import type { Event } from "../base/event.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { passingEventTypes } from "../model/taskEvent.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import type { RunningTask, TaskChange } from "./facade.ts";
import type { NoChoice } from "./nextTask.ts";
import type { Clock, Timers } from "./ports.ts";

/** What came of starting the next task; busy: every slot is taken. */
export type Start = { readonly kind: "started"; readonly run: RunningTask } | { readonly kind: "busy" } | NoChoice;

/** What runAll needs of the engine. */
export interface RunAllDeps {
  readonly startNext: () => Promise<Start>;
  readonly onDidChange: Event<readonly TaskChange[]>;
  readonly onDidRemove: Event<readonly TaskId[]>;
  /** A run of this process has ended and holds its slot no more. */
  readonly onDidEndRun: Event<void>;
  readonly onDidChangeQueue: Event<QueueStatus>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Ends the starting of further tasks. */
  readonly signal?: AbortSignal;
}

/**
 * Keeps every slot busy until no task is ready and none of those started runs, or the queue stops; waits for retries of its
 * own tasks, for agents at their limit, and for slots that other runs hold. Resolves with the ids in order of their end.
 */
export async function runAll(deps: RunAllDeps): Promise<readonly TaskId[]> {
  const batch = new Batch(deps);
  const subscriptions = [
    deps.onDidChange((changes) => batch.hear(changes)),
    deps.onDidRemove((ids) => batch.forget(ids)),
    deps.onDidChangeQueue(() => batch.wake()),
    deps.onDidEndRun(() => batch.wake()),
  ];
  const onAbort = (): void => batch.halt();
  deps.signal?.addEventListener("abort", onAbort, { once: true });
  if (deps.signal?.aborted === true) batch.halt();
  try {
    return await batch.work();
  } finally {
    for (const subscription of subscriptions) subscription.dispose();
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
  /** Whether what is ready waits for a slot. */
  #isBusy = false;
  #failure: unknown;
  #awake = Promise.withResolvers<void>();

  constructor(deps: RunAllDeps) {
    this.#deps = deps;
  }

  wake(): void {
    this.#awake.resolve();
  }

  /** Somebody else may have taken or ended a task that waits for its retry. */
  hear(changes: readonly TaskChange[]): void {
    // How a task's work goes frees no slot and makes nothing ready; and it streams.
    if (changes.every(({ event }) => passingEventTypes.has(event.type))) return;
    this.forget(changes.filter(({ task }) => task.status !== "todo").map(({ task }) => task.id));
  }

  /** There is nothing to wait for with these. */
  forget(ids: readonly TaskId[]): void {
    for (const id of ids) this.#retries.delete(id);
    this.wake();
  }

  /** Starts nothing more. */
  halt(): void {
    this.#isHalted = true;
    this.wake();
  }

  async work(): Promise<readonly TaskId[]> {
    for (;;) {
      this.#awake = Promise.withResolvers<void>();
      const waitsUntil = await this.#fill();
      const next = this.#nextChance(waitsUntil);
      if (this.#running.size === 0 && next === undefined && !this.#isBusy) break;
      await this.#sleepUntil(next);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return [...this.#ended];
  }

  /** Starts what can start now; resolves with the time at which those that wait for their agent can. */
  async #fill(): Promise<number | undefined> {
    this.#isBusy = false;
    while (!this.#isHalted) {
      const start = await this.#start();
      this.#isBusy = start.kind === "busy";
      if (start.kind === "stopped") this.#isHalted = true;
      if (start.kind === "waiting") return start.until;
      if (start.kind !== "started") return undefined;
      const { task, finished } = start.run;
      this.#running.add(task.id);
      this.#retries.delete(task.id);
      void finished.then((ended) => this.#onEnd(ended));
    }
    return undefined;
  }

  async #start(): Promise<Start> {
    try {
      return await this.#deps.startNext();
    } catch (thrown) {
      this.#isHalted = true;
      if (toTaskMasterError(thrown).code !== "CANCELLED") this.#failure = thrown;
      return { kind: "nothing" };
    }
  }

  #onEnd(task: Task): void {
    this.#running.delete(task.id);
    this.#ended.add(task.id);
    if (task.status === "todo" && task.notBefore !== undefined) this.#retries.set(task.id, task.notBefore);
    this.wake();
  }

  #nextChance(waitsUntil: number | undefined): number | undefined {
    if (this.#isHalted) return undefined;
    for (const [id, at] of this.#retries) if (at <= this.#deps.clock.now()) this.#retries.delete(id); // due: it had its chance just now
    return [...this.#retries.values(), ...(waitsUntil === undefined ? [] : [waitsUntil])].sort((a, b) => a - b)[0];
  }

  async #sleepUntil(time: number | undefined): Promise<void> {
    const timer = time === undefined ? undefined : this.#deps.timers.after(Math.max(0, time - this.#deps.clock.now()), () => this.wake());
    await this.#awake.promise;
    timer?.dispose();
  }
}
