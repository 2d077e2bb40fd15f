import type { Disposable, Event } from "../base/event.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { agentOf } from "./agentProfiles.ts";
import type { OutcomeDeps } from "./engineDeps.ts";
import type { TaskStore } from "./ports.ts";
import { endOfLocalDay } from "./selectTask.ts";

/** What trying again needs of the engine. */
export interface RetryStarter {
  readonly hasFreeSlot: () => boolean;
  /** Starts the task if it is still eligible. */
  readonly start: (id: TaskId) => Promise<void>;
}

/** What the retries of one engine need. */
export type OwnRetriesDeps = Pick<OutcomeDeps, "clock" | "timers" | "log" | "isTrusted" | "guard"> & {
  readonly store: Pick<TaskStore, "get">;
  readonly onDidChangeQueue: Event<unknown>;
};

/**
 * Tries tasks that were run by themselves again when their time has come, as Run All does with its own. Each waits for a
 * free slot, for the queue when that has stopped, and for its agent's limit; what became of it meanwhile counts.
 */
export class OwnRetries implements Disposable {
  readonly #deps: OwnRetriesDeps;
  readonly #starter: RetryStarter;
  /** When each is to be tried, and the `notBefore` of its row by which it is known to be the same wait. */
  readonly #waiting = new Map<TaskId, { readonly at: number; readonly notBefore: number }>();
  readonly #subscription: Disposable;
  #timer: Disposable | undefined;
  #tail = Promise.resolve();
  #isDisposed = false;

  constructor(deps: OwnRetriesDeps, starter: RetryStarter) {
    this.#deps = deps;
    this.#starter = starter;
    this.#subscription = deps.onDidChangeQueue(() => this.look());
  }

  /** An attempt that somebody asked for has ended; it counts when the task waits for its next try. */
  add({ id, status, notBefore }: Task): void {
    if (status !== "todo" || notBefore === undefined) return;
    this.#waiting.set(id, { at: notBefore, notBefore });
    this.look();
  }

  /** A slot is free, or what holds the queue has changed. */
  look(): void {
    this.#tail = this.#tail.then(() => this.#startDue());
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
    this.#subscription.dispose();
  }

  async #startDue(): Promise<void> {
    const { clock, timers, log } = this.#deps;
    for (const [id, { at }] of this.#waiting) {
      if (this.#isDisposed || !this.#starter.hasFreeSlot()) return;
      if (at > clock.now()) continue;
      try {
        await this.#tryAgain(id);
      } catch (thrown) {
        this.#waiting.delete(id);
        const error = toTaskMasterError(thrown);
        log.warn("a task could not be tried again by itself; it stays in the queue", { task: id, code: error.code, error: error.message });
      }
    }
    this.#timer?.dispose();
    const next = Math.min(...[...this.#waiting.values()].map(({ at }) => at).filter((at) => at > clock.now()));
    if (Number.isFinite(next) && !this.#isDisposed) this.#timer = timers.after(next - clock.now(), () => this.look());
  }

  async #tryAgain(id: TaskId): Promise<void> {
    const { store, guard, isTrusted } = this.#deps;
    const waiting = this.#waiting.get(id);
    const task = await store.get(id);
    if (waiting === undefined || task?.status !== "todo" || task.notBefore !== waiting.notBefore || !isTrusted()) return void this.#waiting.delete(id);
    const gate = await guard.gate();
    if (gate.stop !== undefined || (gate.budget !== undefined && gate.budget.scope !== "day")) return; // a change of the queue leads here again
    const until = gate.budget === undefined ? gate.held.get(agentOf(task)) : endOfLocalDay(this.#deps.clock.now()) + 1;
    if (until !== undefined) return void this.#waiting.set(id, { ...waiting, at: until });
    if (!(await guard.reserve(task, gate))) return this.#tryAgain(id); // another process tries that agent: look again
    this.#waiting.delete(id);
    await this.#starter.start(id);
  }
}
