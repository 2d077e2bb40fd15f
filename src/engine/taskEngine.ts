import { Emitter, type Disposable, type Event } from "../base/event.ts";
import type { Blocker } from "../model/dependencies.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Attempt, Task, TaskRequest } from "../model/task.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import type { BudgetUse } from "../model/budget.ts";
import { usesOf } from "./budgetWatch.ts";
import { recordAnswer } from "./answers.ts";
import { logFailure } from "./logFailure.ts";
import { DependencyDesk } from "./dependencies.ts";
import { doneByRun } from "./ownRun.ts";
import { drain } from "./drain.ts";
import type { EngineDeps } from "./engineDeps.ts";
import type { DependencyChange, NewTask, RunCriteria, RunningTask, TaskChange, TaskEngineFacade } from "./facade.ts";
import { findTask } from "./findTask.ts";
import { InterruptedTasks } from "./interruptedTasks.ts";
import { Ledger } from "./ledger.ts";
import { LeaseDesk } from "./lease.ts";
import { makeTask } from "./newTask.ts";
import { OwnRetries } from "./ownRetries.ts";
import type { EventQuery, LeasedTask } from "./ports.ts";
import { QueueGuard } from "./queueGuard.ts";
import { resumeQueue } from "./resumeQueue.ts";
import { runAll, type Start } from "./runAll.ts";
import * as machine from "./taskMachine.ts";
import { TalkDesk } from "./talk.ts";
import { leaveRequest, obeyRequests, TaskRun } from "./taskRun.ts";
import { assertTrusted } from "./trust.ts";

/**
 * The single orchestrator of a queue in this process: claims by lease, starts runs, takes the wishes of people and of
 * other processes, and publishes what the journal holds. Every process on the same queue has one, all equal.
 */
export class TaskEngine implements TaskEngineFacade {
  readonly onDidChange: Event<readonly TaskChange[]>;
  readonly onDidRemove: Event<readonly TaskId[]>;
  readonly onDidChangeQueue: Event<QueueStatus>;
  readonly answer: TaskEngineFacade["answer"];
  readonly say: TaskEngineFacade["say"];
  readonly stopToolCall: TaskEngineFacade["stopToolCall"];
  readonly #deps: EngineDeps;
  readonly #changes: Emitter<readonly TaskChange[]>;
  readonly #removals: Emitter<readonly TaskId[]>;
  readonly #ledger: Ledger;
  readonly #desk: LeaseDesk;
  readonly #guard: QueueGuard;
  readonly #interrupted: InterruptedTasks;
  readonly #retries: OwnRetries;
  readonly #dependencies: DependencyDesk;
  readonly #runs = new Map<TaskId, TaskRun>();
  readonly #runEnds: Emitter<void>;
  readonly #subscriptions: Disposable[] = [];
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    const onError = (error: unknown): void => deps.log.error("a listener failed", { error: String(error) });
    this.#changes = new Emitter(onError);
    this.#removals = new Emitter(onError);
    this.#runEnds = new Emitter(onError);
    this.onDidChange = this.#changes.event;
    this.onDidRemove = this.#removals.event;
    this.#guard = new QueueGuard(deps);
    this.onDidChangeQueue = this.#guard.onDidChange;
    this.#ledger = new Ledger(deps.store, deps.clock, { changes: this.#changes, removals: this.#removals });
    this.#interrupted = new InterruptedTasks(deps, { hasFreeSlot: () => this.hasFreeSlot, resume: (id) => this.#takeUp(id) });
    this.#retries = new OwnRetries(
      { ...deps, guard: this.#guard, onDidChangeQueue: this.onDidChangeQueue },
      {
        hasFreeSlot: () => this.hasFreeSlot,
        start: async (id) => void this.#launch(await this.#desk.claim(id, { now: deps.clock.now(), criteria: {} }), true),
      },
    );
    this.#desk = new LeaseDesk({ ...deps, guard: this.#guard }, this.#ledger, (id, attempt) => this.#interrupted.add(id, attempt));
    this.answer = (id, answer) => recordAnswer({ deps, ledger: this.#ledger, desk: this.#desk, runs: this.#runs }, id, answer);
    this.#dependencies = new DependencyDesk(deps, this.#ledger);
    ({ say: this.say, stopToolCall: this.stopToolCall } = new TalkDesk(deps, this.#ledger, this.#runs));
  }

  /** Frees tasks whose owner is gone and begins to listen to other processes; idempotent. */
  start(): Promise<void> {
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  /** Begins to listen to other processes and nothing else, for a process that only looks: it takes no task and puts none right. */
  listen(): void {
    this.#subscriptions.push(
      this.#deps.store.onDidChangeElsewhere((events) => {
        this.#ledger.publishFromElsewhere(events).catch((error: unknown) => logFailure(this.#deps.log, "changes of another process could not be read", error));
        void obeyRequests(events, this.#runs, this.#deps.log);
      }),
      this.#guard.watch(),
    );
  }

  async #begin(): Promise<void> {
    await this.#desk.reclaim();
    this.listen();
    this.#subscriptions.push(this.#desk.watch());
    await this.#interrupted.findCommitted();
  }

  /** Ends the runs of this process, keeping their places, within `gracefulShutdownMsTimeout`; idempotent. */
  stopEngine(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  get running(): readonly TaskId[] {
    return [...this.#runs.keys()];
  }

  async enqueue(input: NewTask): Promise<Task> {
    const { clock, random, repository, settings } = this.#deps;
    return this.#ledger.insert(makeTask(input, { now: clock.now(), random, repository, maxAttempts: settings().maxAttempts }));
  }

  list = (): Promise<readonly Task[]> => this.#deps.store.list();

  get = (id: TaskId): Promise<Task> => this.#ledger.read(id);

  attempts = (id: TaskId): Promise<readonly Attempt[]> => this.#deps.store.attempts(id);

  events = (id: TaskId, query: EventQuery): Promise<readonly TaskEvent[]> => this.#deps.store.events(id, query);

  async budget(id: TaskId): Promise<readonly BudgetUse[]> {
    return usesOf(this.#deps, await this.#ledger.read(id));
  }

  find(idOrPrefix: string): Promise<Task> {
    return findTask(this.#deps.store, idOrPrefix);
  }

  async runNext(criteria: RunCriteria = {}): Promise<RunningTask | undefined> {
    const start = await this.#startNext(criteria, true);
    return start.kind === "started" ? start.run : undefined;
  }

  async run(id: TaskId): Promise<RunningTask> {
    this.#assertFreeSlot();
    return this.#launchWished(await this.#desk.claim(id), true);
  }

  runAll(criteria: RunCriteria = {}, { signal }: { readonly signal?: AbortSignal } = {}): Promise<readonly TaskId[]> {
    return runAll({
      ...(signal === undefined ? {} : { signal }),
      startNext: () => (this.hasFreeSlot || this.#stopping ? this.#startNext(criteria, false) : Promise.resolve({ kind: "busy" })),
      onDidChange: this.onDidChange,
      onDidRemove: this.onDidRemove,
      onDidEndRun: this.#runEnds.event,
      onDidChangeQueue: this.onDidChangeQueue,
      clock: this.#deps.clock,
      timers: this.#deps.timers,
    });
  }

  queueStatus(): Promise<QueueStatus> {
    return this.#guard.status();
  }

  resumeQueue(): Promise<void> {
    return resumeQueue(this.#deps, this.#ledger, this.#guard);
  }

  async pause(id: TaskId): Promise<void> {
    if (await doneByRun(this.#runs.get(id), (run) => run.pause("Paused by the user."))) return;
    const task = await this.#ledger.read(id);
    machine.assertLegal(task, "pause");
    if (await this.#askOwner(task, "pause", () => this.pause(id))) return;
    await this.#desk.pauseWithoutOwner(task);
  }

  async resume(id: TaskId): Promise<void> {
    if (await doneByRun(this.#runs.get(id), (run) => run.resume())) return;
    const task = await this.#ledger.read(id);
    machine.assertLegal(task, "resume");
    if (await this.#askOwner(task, "resume", () => this.resume(id))) return;
    assertTrusted(this.#deps);
    this.#launch(await this.#desk.takeOver(id), true);
  }

  stop(id: TaskId): Promise<void> {
    return this.#endTask(id, "stop", "Stopped by the user.");
  }

  cancel(id: TaskId, reason = "Cancelled by the user."): Promise<void> {
    return this.#endTask(id, "cancel", reason);
  }

  startAgain(id: TaskId): Promise<void> {
    return this.#putBack(id, machine.start, "Started again by the user.");
  }

  retry(id: TaskId): Promise<void> {
    return this.#putBack(id, machine.requeue, "Put back into the queue by the user.");
  }

  changeDependencies(id: TaskId, change: DependencyChange): Promise<Task> {
    return this.#dependencies.change(id, change);
  }

  blockers = (id: TaskId): Promise<readonly Blocker[]> => this.#dependencies.blockers(id);

  whatWouldUnblock = (id: TaskId): Promise<readonly Task[]> => this.#dependencies.whatWouldUnblock(id);

  async remove(id: TaskId): Promise<void> {
    assertTrusted(this.#deps);
    await this.#dependencies.remove(id);
  }

  /** The store settles in the same transaction whether it has to wait for a dependency. */
  async #putBack(id: TaskId, step: typeof machine.requeue, reason: string): Promise<void> {
    await this.#ledger.change(id, (task) => ({ task: step(task, this.#deps.clock.now()), events: [{ type: "requeued", reason }] }));
  }

  /** Whether another task may start: runs that are paused or wait for an answer hold no slot. */
  get hasFreeSlot(): boolean {
    const active = [...this.#runs.values()].filter((run) => !run.isPaused && !run.isWaiting).length;
    return this.#stopping === undefined && active < this.#deps.settings().poolSize;
  }

  async #startNext(criteria: RunCriteria, isWish: boolean): Promise<Start> {
    this.#assertFreeSlot();
    const claim = await this.#desk.claimNext(criteria, isWish);
    return claim.kind === "claimed" ? { kind: "started", run: await this.#launchWished(claim.leased, isWish) } : claim;
  }

  /** Goes on with an interrupted task, unless the queue as a whole starts nothing; what is committed needs no agent. */
  async #takeUp(id: TaskId): Promise<void> {
    const steps = (await this.attempts(id)).at(-1)?.steps ?? [];
    if (!steps.includes("committed")) await this.#guard.assertOpen(await this.#ledger.read(id));
    await this.resume(id);
  }

  /** A person's wish ends a stop of the queue; before the run, which may be what stops it again. */
  async #launchWished(leased: LeasedTask, isWish: boolean): Promise<RunningTask> {
    if (isWish) await this.#guard.goOn();
    return this.#launch(leased, isWish);
  }

  #assertFreeSlot(): void {
    assertTrusted(this.#deps);
    if (this.#stopping !== undefined) throw new TaskMasterError("CANCELLED", "The engine is shutting down.");
    if (this.hasFreeSlot) return;
    throw new TaskMasterError(
      "CONFLICT",
      `All ${this.#deps.settings().poolSize} slots are busy. Wait for a task to end, pause one, or raise the size of the worker pool.`,
    );
  }

  /** `isWish`: nobody but this engine sees to its retries. */
  #launch(leased: LeasedTask, isWish: boolean): RunningTask {
    const { id } = leased.task;
    const run = new TaskRun({ ...this.#deps, guard: this.#guard }, this.#ledger, leased);
    this.#runs.set(id, run);
    if (this.#stopping !== undefined) run.shutDown(); // it was being taken when that began
    const finished = run.finished.finally(() => {
      this.#runs.delete(id);
      this.#interrupted.slotIsFree();
      this.#runEnds.fire();
      this.#retries.look();
    });
    if (isWish && this.#deps.triesAgain === true) void finished.then((task) => this.#retries.add(task));
    return { task: leased.task, finished };
  }

  async #endTask(id: TaskId, intent: "stop" | "cancel", reason: string): Promise<void> {
    const run = this.#runs.get(id);
    if (run !== undefined) {
      run.end(intent, reason);
      const ended = await run.finished;
      if (ended.status === "done") throw new TaskMasterError("ILLEGAL_TRANSITION", `Task ${id} had just finished; it cannot ${intent} any more.`);
      if (ended.fence === run.leased.token) return;
    }
    const task = await this.#ledger.read(id);
    machine.assertLegal(task, intent);
    if (await this.#askOwner(task, intent, () => this.#endTask(id, intent, reason))) return;
    assertTrusted(this.#deps);
    await this.#desk.endWithoutOwner(task, intent, reason);
  }

  /** Leaves a request for the process that holds the task, `again` when that is this one by now; false when nobody holds it. */
  async #askOwner(task: Task, request: TaskRequest, again: () => Promise<void>): Promise<boolean> {
    if (!this.#desk.isHeld(task)) return false;
    if (!(await leaveRequest(this.#ledger, task.id, request, () => this.#runs.has(task.id)))) await again();
    return true;
  }

  async #drain(): Promise<void> {
    for (const subscription of [...this.#subscriptions, this.#retries]) subscription.dispose();
    await drain(this.#deps, [...this.#runs.values()]);
    this.#changes.dispose();
    this.#removals.dispose();
    this.#guard.dispose();
  }
}
