import type { Emitter } from "../base/event.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Attempt, Task } from "../model/task.ts";
import type { NewTaskEvent, TaskEvent, TaskEventBody } from "../model/taskEvent.ts";
import type { TaskChange } from "./facade.ts";
import type { Clock, TaskStore } from "./ports.ts";

/** A change that was computed from the stored rows. */
export interface RowChange {
  readonly task: Task;
  readonly attempt?: Attempt;
  readonly events: readonly TaskEventBody[];
  readonly releaseDependants?: boolean;
}

/** Computes a change from what is stored now; undefined means there is nothing to change. Throws to refuse. */
export type ComputeChange = (task: Task, attempt: Attempt | undefined) => RowChange | undefined | Promise<RowChange | undefined>;

const maxConflicts = 20;

/** Tasks that came faster than the clock goes are dated ahead of it, at most so far (ms): a clock that was set back goes on from where it is. */
const maxAheadMs = 60_000;

/**
 * The only writer of the engine: reads the rows, lets the caller compute the change, commits it if nobody wrote in
 * between (else starts over), and publishes what the journal then holds. Writes to one task go one after the other.
 */
export class Ledger {
  readonly #store: TaskStore;
  readonly #clock: Clock;
  readonly #changes: Emitter<readonly TaskChange[]>;
  readonly #removals: Emitter<readonly TaskId[]>;
  readonly #tails = new Map<TaskId, Promise<unknown>>();
  #newestCreation = 0;

  constructor(store: TaskStore, clock: Clock, emitters: { readonly changes: Emitter<readonly TaskChange[]>; readonly removals: Emitter<readonly TaskId[]> }) {
    this.#store = store;
    this.#clock = clock;
    this.#changes = emitters.changes;
    this.#removals = emitters.removals;
  }

  /** Stores a new task, younger than those before it: of tasks of the same age the id would decide which goes first, and it is random. */
  async insert(task: Task): Promise<Task> {
    const createdAt = this.#nextCreation(task.createdAt);
    const events = await this.#store.insert({ ...task, createdAt, updatedAt: createdAt }, [this.#stamp({ type: "created" }, 0)]);
    const stored = await this.read(task.id);
    this.#publish(events, [stored]);
    return stored;
  }

  /** The task as it is stored (TASK_NOT_FOUND). */
  async read(id: TaskId): Promise<Task> {
    const task = await this.#store.get(id);
    if (task === undefined) throw new TaskMasterError("TASK_NOT_FOUND", `There is no task ${id} in this queue.`);
    return task;
  }

  /** Applies a change; with `token` only while the lease is still ours (STALE_LEASE). */
  change(id: TaskId, compute: ComputeChange, token?: number): Promise<Task> {
    return this.#inTurn(id, async () => {
      for (let conflicts = 0; conflicts < maxConflicts; conflicts++) {
        const task = await this.read(id);
        if (token !== undefined && task.lease?.token !== token) throw staleLease(id);
        const attempt = (await this.#store.attempts(id)).at(-1);
        const change = await compute(task, attempt);
        if (change === undefined) return task;
        const events = change.events.map((body) => this.#stamp(body, change.task.attempts));
        const result = await this.#store.commit({ ...change, events, ...(token === undefined ? {} : { token }) });
        if (result.ok) {
          this.#publish(result.events, [result.task, ...result.unblocked]);
          return result.task;
        }
        if (result.reason === "stale_lease") throw staleLease(id);
      }
      throw changedTooOften(id);
    });
  }

  /** Removes a task; `check` throws to refuse. */
  remove(id: TaskId, check: (task: Task) => void): Promise<void> {
    return this.#inTurn(id, async () => {
      for (let conflicts = 0; conflicts < maxConflicts; conflicts++) {
        const task = await this.read(id);
        check(task);
        const result = await this.#store.remove(task, this.#stamp({ type: "removed" }, 0));
        if (!result.ok) continue;
        this.#publish(result.events, result.blocked);
        return;
      }
      throw changedTooOften(id);
    });
  }

  /** Adds streamed events of a running attempt; false when the lease is lost. */
  append(id: TaskId, lease: { readonly token: number; readonly attempt: number }, bodies: readonly TaskEventBody[]): Promise<boolean> {
    return this.#inTurn(id, async () => {
      const events = bodies.map((body) => this.#stamp(body, lease.attempt));
      const stored = await this.#store.append({ taskId: id, token: lease.token, events });
      if (stored === undefined) return false;
      this.#publish(stored, [await this.read(id)]);
      return true;
    });
  }

  /** Publishes what another process wrote. */
  async publishFromElsewhere(events: readonly TaskEvent[]): Promise<void> {
    const ids = [...new Set(events.map((event) => event.taskId))];
    const tasks = await Promise.all(ids.map((id) => this.#store.get(id)));
    this.#publish(
      events,
      tasks.filter((task) => task !== undefined),
    );
  }

  #publish(events: readonly TaskEvent[], tasks: readonly Task[]): void {
    const removed = events.filter(({ type }) => type === "removed").map(({ taskId }) => taskId);
    if (removed.length > 0) this.#removals.fire(removed);
    const byId = new Map(tasks.map((task) => [task.id, task]));
    const changes: TaskChange[] = [];
    for (const event of events) {
      const task = byId.get(event.taskId);
      if (task !== undefined) changes.push({ name: `task:${event.type}`, event, task });
    }
    if (changes.length > 0) this.#changes.fire(changes);
  }

  #stamp(body: TaskEventBody, attempt: number): NewTaskEvent {
    return { ...body, attempt, at: this.#clock.now() };
  }

  #nextCreation(now: number): number {
    const isFaster = now <= this.#newestCreation && this.#newestCreation - now < maxAheadMs;
    this.#newestCreation = isFaster ? this.#newestCreation + 1 : now;
    return this.#newestCreation;
  }

  #inTurn<T>(id: TaskId, work: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(id) ?? Promise.resolve();
    const next = previous.then(work, work);
    this.#tails.set(id, next);
    const forget = (): void => {
      if (this.#tails.get(id) === next) this.#tails.delete(id);
    };
    next.then(forget, forget);
    return next;
  }
}

function changedTooOften(id: TaskId): TaskMasterError {
  return new TaskMasterError("CONFLICT", `Task ${id} is being changed by somebody else. Try again.`, { retryable: true });
}

function staleLease(id: TaskId): TaskMasterError {
  return new TaskMasterError("STALE_LEASE", `The lease on task ${id} is no longer ours; the write was dropped.`);
}
