import { abortable } from "../base/abort.ts";
import { Emitter, type Disposable } from "../base/event.ts";
import { Gate } from "../base/gate.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Attempt, AttemptStep, Task } from "../model/task.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { OutcomeDeps, QueueDeps } from "./engineDeps.ts";
import type { NewTask, TaskChange } from "./facade.ts";
import { LeaseDesk, type Claim } from "./lease.ts";
import type { NoChoice } from "./nextTask.ts";
import { isOvertaken } from "./overtaken.ts";
import { QueueGuard } from "./queueGuard.ts";
import { keepLease } from "./leaseKeeper.ts";
import { recordEvents } from "./inbox.ts";
import { Ledger } from "./ledger.ts";
import { makeTask } from "./newTask.ts";
import { recordOutcome, recordStep } from "./outcome.ts";
import { maxInterruptions } from "./interruptedTasks.ts";
import type { AbortOptions, LeasedTask, TaskStore } from "./ports.ts";
import type { TaskOutcome } from "./looper.ts";

/**
 * The durable queue as a loop sees it: for whoever drives `loop` without an engine. Claims, leases, journal, retries and
 * unblocking are the engine's own, so that both can work the same queue, also at the same time.
 */
export class TaskQueue implements Disposable {
  readonly #deps: OutcomeDeps;
  readonly #ledger: Ledger;
  readonly #desk: LeaseDesk;
  /** Closed while a task is pulled and not yet acknowledged. */
  readonly #free = new Gate();
  /** When tasks that failed here are to be tried again. */
  readonly #retries = new Map<TaskId, number>();
  /** Tasks that were found without an owner, to be gone on with. */
  readonly #interrupted: TaskId[] = [];
  #heartbeat: Disposable | undefined;
  #awake = Promise.withResolvers<void>();

  constructor(deps: QueueDeps) {
    this.#deps = { ...deps, guard: new QueueGuard(deps) };
    this.#ledger = new Ledger(deps.store, deps.clock, { changes: new Emitter<readonly TaskChange[]>(), removals: new Emitter<readonly TaskId[]>() });
    this.#desk = new LeaseDesk(this.#deps, this.#ledger, (id, attempt) => {
      if ((attempt.interruptions ?? 0) <= maxInterruptions) this.#interrupted.push(id);
    });
  }

  /** Where the journal and the rows are. */
  get store(): TaskStore {
    return this.#deps.store;
  }

  /** Queues tasks in this order; when one is malformed (INVALID_INPUT) none is. */
  readonly addTasks = async (inputs: readonly NewTask[]): Promise<readonly Task[]> => {
    const { clock, random, repository, settings } = this.#deps;
    const context = { now: clock.now(), random, repository, maxAttempts: settings().maxAttempts };
    const rows = inputs.map((input) => makeTask(input, context));
    const added: Task[] = [];
    for (const row of rows) added.push(await this.#ledger.insert(row));
    this.#awake.resolve();
    return added;
  };

  /** How many tasks wait: ready, scheduled or blocked. The one that is pulled is not among them. */
  readonly getRemainingCount = async (): Promise<number> => {
    return (await this.#deps.store.list({ statuses: ["todo", "blocked"] })).length;
  };

  /**
   * The next task under a lease of ours: first one that a dead process was working on (its attempt goes on), else the most
   * urgent ready one. Waits while another is not acknowledged, and for tasks that failed here and are to be tried again;
   * `empty` when there is nothing to wait for or the queue has stopped, `aborted` when the signal ended the wait.
   */
  readonly pullTask = async ({ signal }: AbortOptions): Promise<LeasedTask | "empty" | "aborted"> => {
    try {
      for (;;) {
        await this.#free.passed(signal);
        if (this.#free.isClosed) continue; // somebody else who waited was quicker
        const claim = await this.#pull();
        if (claim.kind === "claimed") return claim.leased;
        const wakeAt = this.#nextWake(claim);
        if (wakeAt === undefined) return "empty";
        await this.#sleepUntil(wakeAt, signal);
      }
    } catch (thrown) {
      if (signal.aborted) return "aborted";
      throw thrown;
    }
  };

  /** Records what became of the task and gives the next one free. What a lost lease leaves to somebody else is dropped. */
  readonly ackTask = async (leased: LeasedTask, outcome: TaskOutcome): Promise<void> => {
    const { id } = leased.task;
    try {
      await recordOutcome(this.#deps, this.#ledger, leased, outcome);
      const { status, notBefore } = await this.#ledger.read(id);
      if (status === "todo" && notBefore !== undefined) this.#retries.set(id, notBefore);
    } catch (thrown) {
      if (toTaskMasterError(thrown).code !== "STALE_LEASE") throw thrown;
      this.#deps.log.warn("the lease on the task was lost; its outcome is not ours to record", { task: id });
    } finally {
      this.dispose();
      this.#free.open();
    }
  };

  /** Records a step that is behind the attempt. */
  readonly checkpoint = (leased: LeasedTask, step: AttemptStep, data: Partial<Attempt>): Promise<void> => recordStep(this.#ledger, leased, step, data);

  /** Adds to the task's journal; false when the lease is lost. */
  readonly journal = (leased: LeasedTask, events: readonly WorkerEventBody[]): Promise<boolean> => recordEvents(this.#ledger, leased, events);

  /** The same for what may be missing without harm: that it could not be written is only logged. */
  readonly report = async (leased: LeasedTask, events: readonly WorkerEventBody[]): Promise<void> => {
    try {
      await this.journal(leased, events);
    } catch (thrown) {
      this.#deps.log.warn("the journal cannot be written", { task: leased.task.id, error: toTaskMasterError(thrown).message });
    }
  };

  /** Stops renewing the lease of a pulled task; who pulls it afterwards goes on with it. */
  dispose(): void {
    this.#heartbeat?.dispose();
    this.#heartbeat = undefined;
  }

  async #pull(): Promise<Claim> {
    this.#free.close();
    try {
      const taken = await this.#takeBack();
      const claim: Claim = taken === undefined ? await this.#desk.claimNext({}, false) : { kind: "claimed", leased: taken };
      if (claim.kind === "claimed") this.#heartbeat = this.#keep(claim.leased);
      else this.#free.open();
      return claim;
    } catch (thrown) {
      this.#free.open();
      throw thrown;
    }
  }

  /** The loop that pulled the task is its own worker: while this process lives, so does it. */
  #keep(leased: LeasedTask): Disposable {
    const onLost = (): void => this.#deps.log.warn("the lease on the task was lost", { task: leased.task.id });
    return keepLease(this.#deps, leased, { isAlive: () => true, onLost });
  }

  /** A task that was being worked on by a process that has ended. One that its user had paused stays paused. */
  async #takeBack(): Promise<LeasedTask | undefined> {
    await this.#desk.reclaim();
    for (let id = this.#interrupted.shift(); id !== undefined; id = this.#interrupted.shift()) {
      try {
        return await this.#desk.takeOver(id);
      } catch (thrown) {
        if (!isOvertaken(thrown)) throw thrown;
      }
    }
    return undefined;
  }

  /** When there may be something to do again; a queue that has stopped waits for a person, not for time. */
  #nextWake(claim: NoChoice): number | undefined {
    if (claim.kind === "stopped") return undefined;
    const times = [this.#nextRetry(), claim.kind === "waiting" ? claim.until : undefined].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #nextRetry(): number | undefined {
    for (const [id, at] of this.#retries) if (at <= this.#deps.clock.now()) this.#retries.delete(id); // due: it had its chance just now
    return [...this.#retries.values()].sort((a, b) => a - b)[0];
  }

  async #sleepUntil(time: number, signal: AbortSignal): Promise<void> {
    this.#awake = Promise.withResolvers<void>();
    const timer = this.#deps.timers.after(Math.max(0, time - this.#deps.clock.now()), () => this.#awake.resolve());
    try {
      await abortable(this.#awake.promise, signal);
    } finally {
      timer.dispose();
    }
  }
}
