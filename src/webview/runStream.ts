import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { TaskAction } from "../model/taskActions.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { pageSize, viewAttempt, viewBatchMs, viewTask, type HostToView, type ViewAttempt } from "../protocol/hostWebview.ts";
import { coalesce, newestThatFit, oldestThatFit, stretchesOf } from "./pages.ts";
import { RunFacts } from "./runFacts.ts";
import { namingTypes } from "./taskTitles.ts";

/** What the stream needs of the engine. */
export type RunSource = Pick<TaskEngineFacade, "get" | "attempts" | "events">;

/** Where a stream gets its task from and where its messages go. */
export interface RunStreamPorts {
  readonly taskId: TaskId;
  readonly source: () => Promise<RunSource>;
  readonly pending: () => TaskAction | undefined;
  readonly post: (message: HostToView) => void;
  /** The newest row of the task, whenever there is one. */
  readonly onTask: (task: Task) => void;
  readonly now: () => number;
}

/** A view that lags further behind begins anew instead of swallowing everything. */
const maxBacklog = 5_000;
const newest = Number.MAX_SAFE_INTEGER;

/**
 * Feeds one run view: a page, then deltas in the order of the journal, batched.
 *
 *   idle --ready, show--> live | reading        live --suspend--> idle     (a hidden view is idle: its page is gone)
 *   live --reading--> reading --newer page that reaches the end, ready--> live
 *
 * A view that reads history is sent no events. What comes while a page is loading waits; a gap in what comes
 * is filled from the store.
 */
export class RunStream {
  readonly #ports: RunStreamPorts;
  readonly #flush: Throttled;
  readonly #facts: RunFacts;
  #buffer: TaskEvent[] = [];
  #task: Task | undefined;
  #mode: "idle" | "live" | "reading" = "idle";
  /** Last event that the view was sent; undefined while it gets none. */
  #sentSeq: number | undefined;
  /** The newest event that was heard of. */
  #endSeq = 0;
  /** Grows with every reset and suspend, so that the answer to an outdated question is dropped. */
  #generation = 0;
  /** What the view asked for and has not got yet. */
  #asked: { readonly what: string } | undefined;
  #isRemoved = false;
  #work: Promise<void> = Promise.resolve();

  constructor(ports: RunStreamPorts) {
    this.#ports = ports;
    this.#facts = new RunFacts(ports.taskId);
    this.#flush = throttle(viewBatchMs, () => this.#enqueue((source) => this.#sendBuffer(source)));
  }

  /** Changes of the engine; those of other tasks are ignored. */
  take(changes: readonly TaskChange[]): void {
    const own = changes.filter(({ task }) => task.id === this.#ports.taskId);
    const last = own.at(-1);
    if (last === undefined) return;
    this.#ports.onTask(last.task);
    if (this.#mode === "idle") return;
    this.#task = last.task;
    for (const { event } of own) {
      if (!namingTypes.has(event.type)) this.#buffer.push(event);
      this.#endSeq = Math.max(this.#endSeq, event.seq);
    }
    // What is cut off or left out here is a gap, and a gap is filled from the source, which knows the names of tasks.
    if (this.#buffer.length > maxBacklog) this.#buffer.splice(0, this.#buffer.length - maxBacklog);
    this.#flush();
  }

  /** The view is there: with nothing, or with everything up to `lastSeq`. */
  ready(lastSeq?: number): void {
    // The view only asks whether anybody is there: it has everything.
    if (lastSeq !== undefined && lastSeq === this.#sentSeq) return;
    this.#answer(`ready ${lastSeq}`, (generation) => {
      const isKnown = lastSeq !== undefined && this.#sentSeq !== undefined;
      if (!isKnown) this.#sentSeq = undefined;
      this.#mode = "live";
      this.#enqueue((source) => (isKnown ? this.#fill(source, lastSeq) : this.#reset(source, generation)));
    });
  }

  /** The view wants to see the page around an event. */
  show(seq: number): void {
    this.#answer(`show ${seq}`, (generation) => {
      this.#mode = "reading";
      this.#sentSeq = undefined;
      this.#enqueue((source) => this.#reset(source, generation, seq));
    });
  }

  /** The view has let go of the end, or says again that it reads. */
  reading(): void {
    if (this.#mode !== "live" || this.#sentSeq === undefined) return;
    this.#generation++;
    this.#mode = "reading";
    this.#sentSeq = undefined;
    this.#flush();
  }

  /** The page that ends before an event. */
  loadOlder(beforeSeq: number): void {
    this.#enqueue(async (source) => {
      const events = newestThatFit(await source.events(this.#ports.taskId, { beforeSeq, limit: pageSize }));
      this.#ports.post({ type: "older", events: coalesce(events, "messages"), firstSeq: events[0]?.seq ?? 1, beforeSeq });
    });
  }

  /** The page behind an event; with the last one the view is live again. */
  loadNewer(afterSeq: number): void {
    this.#enqueue(async (source) => {
      const generation = this.#generation;
      const events = oldestThatFit(await source.events(this.#ports.taskId, { afterSeq, limit: pageSize }));
      const endSeq = await this.#readEnd(source);
      if (generation !== this.#generation) return;
      const lastSeq = events.at(-1)?.seq ?? Math.max(afterSeq, endSeq);
      if (lastSeq >= endSeq && this.#mode === "reading") {
        this.#mode = "live";
        this.#sentSeq = lastSeq;
      }
      this.#ports.post({ type: "newer", events: coalesce(events, "messages"), afterSeq, lastSeq, endSeq });
      // Something may have come between the two looks.
      if (this.#sentSeq !== undefined && this.#endSeq > this.#sentSeq) await this.#fill(source, this.#sentSeq);
    });
  }

  /** Tells the view of an action that began or ended. */
  refreshTask(): void {
    this.#enqueue(async (source) => this.#postTask(await source.get(this.#ports.taskId)));
  }

  /** The task was removed: from now on there is nothing but that to tell. */
  removed(): void {
    this.suspend();
    this.#isRemoved = true;
    this.#enqueue(() => Promise.resolve());
  }

  /** The view is hidden: nothing is sent until it is ready again. */
  suspend(): void {
    this.#generation++;
    this.#asked = undefined;
    this.#mode = "idle";
    this.#sentSeq = undefined;
    this.#buffer = [];
  }

  dispose(): void {
    this.suspend();
    this.#flush.dispose();
  }

  /** Said again before the answer was there: a slow store must not begin anew each time. */
  #answer(what: string, begin: (generation: number) => void): void {
    if (this.#asked?.what === what) return;
    const asked = { what };
    this.#asked = asked;
    begin(++this.#generation);
    void this.#work.then(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
  }

  async #reset(source: RunSource, generation: number, around?: number): Promise<void> {
    const { taskId, now, pending, onTask, post } = this.#ports;
    const [task, attempts, page] = await Promise.all([source.get(taskId), source.attempts(taskId), this.#readPage(source, around)]);
    if (generation !== this.#generation) return;
    const { events, endSeq } = page;
    const lastSeq = events.at(-1)?.seq ?? 0;
    const firstSeq = events[0]?.seq ?? 1;
    this.#mode = lastSeq >= endSeq ? "live" : "reading";
    this.#sentSeq = this.#mode === "live" ? lastSeq : undefined;
    this.#endSeq = Math.max(this.#endSeq, endSeq);
    onTask(task);
    const isTold = firstSeq <= this.#facts.lastSeq + 1;
    if (isTold) this.#facts.take(events);
    post({
      type: "reset",
      task: viewTask(task, pending()),
      attempts: attempts.map((attempt) => viewAttempt(attempt, isTold ? this.#facts.timeOf(attempt.number) : undefined)),
      events: coalesce(events, "messages"),
      firstSeq,
      lastSeq,
      endSeq,
      now: now(),
    });
    if (this.#facts.lastSeq < endSeq) {
      await this.#facts.catchUp(source, endSeq);
      if (generation !== this.#generation) return;
      this.#postTask(task, await this.#attempts(source));
    }
    this.#postPlan(true);
    this.#flush();
  }

  /** The newest page, or the one around an event. */
  async #readPage(source: RunSource, around: number | undefined): Promise<{ readonly events: readonly TaskEvent[]; readonly endSeq: number }> {
    const { taskId } = this.#ports;
    if (around === undefined) {
      const events = newestThatFit(await source.events(taskId, { beforeSeq: newest, limit: pageSize }));
      return { events, endSeq: events.at(-1)?.seq ?? 0 };
    }
    const events = await source.events(taskId, { afterSeq: Math.max(0, around - 1 - pageSize / 2), limit: pageSize });
    return { events, endSeq: await this.#readEnd(source) };
  }

  async #readEnd(source: RunSource): Promise<number> {
    const [last] = await source.events(this.#ports.taskId, { beforeSeq: newest, limit: 1 });
    return last?.seq ?? 0;
  }

  async #attempts(source: RunSource): Promise<readonly ViewAttempt[]> {
    return (await source.attempts(this.#ports.taskId)).map((attempt) => viewAttempt(attempt, this.#facts.timeOf(attempt.number)));
  }

  async #sendBuffer(source: RunSource): Promise<void> {
    const from = this.#sentSeq;
    if (this.#mode === "idle" || (this.#mode === "live" && from === undefined)) return;
    const [all, task] = [this.#buffer, this.#task];
    this.#buffer = [];
    this.#task = undefined;
    if (from === undefined) {
      if (all.some(({ type }) => RunFacts.types.has(type))) await this.#facts.catchUp(source, this.#endSeq);
    } else {
      const events = all.filter((event) => event.seq > from).sort((a, b) => a.seq - b.seq);
      const isWhole = events.every((event, index) => event.seq === from + 1 + index) && from + events.length >= this.#endSeq;
      await (isWhole ? this.#append(events, from) : this.#fill(source, from));
    }
    this.#postPlan();
    if (task !== undefined) this.#postTask(task, all.some(({ type }) => attemptTypes.has(type)) ? await this.#attempts(source) : undefined);
  }

  /** Sends what the store has behind an event; a view that is far behind begins anew. */
  async #fill(source: RunSource, afterSeq: number): Promise<void> {
    const generation = this.#generation;
    const events = await source.events(this.#ports.taskId, { afterSeq, limit: pageSize });
    if (generation !== this.#generation) return;
    if (events.length === pageSize) return this.#reset(source, generation);
    this.#append(events, afterSeq);
  }

  #append(events: readonly TaskEvent[], from: number): void {
    // Behind a gap the facts would be wrong; the next reset reads them.
    if ((events[0]?.seq ?? 1) <= this.#facts.lastSeq + 1) this.#facts.take(events);
    // Joined events cannot be told apart by a view that has some of their pieces already.
    const shown = from === this.#sentSeq ? coalesce(events, "texts") : events;
    for (const stretch of stretchesOf(shown, from, events.at(-1)?.seq ?? from)) {
      this.#sentSeq = stretch.lastSeq;
      this.#ports.post({ type: "append", ...stretch });
    }
  }

  #postTask(task: Task, attempts?: readonly ViewAttempt[]): void {
    if (this.#mode === "idle" || (this.#mode === "live" && this.#sentSeq === undefined)) return;
    this.#ports.post({ type: "task", task: viewTask(task, this.#ports.pending()), attempts });
  }

  #postPlan(always = false): void {
    const entries = this.#facts.takePlan(always);
    if (entries !== undefined) this.#ports.post({ type: "plan", entries });
  }

  /** One step after the other; a failure is shown in the view instead of the run. */
  #enqueue(step: (source: RunSource) => Promise<void>): void {
    this.#work = this.#work
      .then(async () => {
        if (this.#isRemoved)
          throw new TaskMasterError("TASK_NOT_FOUND", "This task was removed from the queue. Its branch, if it has commits, is still there.");
        return step(await this.#ports.source());
      })
      .catch((thrown: unknown) => {
        this.#ports.post({ type: "unavailable", message: toTaskMasterError(thrown).message });
      });
  }
}

/** Events after which the attempts look different. */
const attemptTypes: ReadonlySet<TaskEvent["type"]> = new Set([
  "started",
  "paused",
  "resumed",
  "stopped",
  "completed",
  "error",
  "cancelled",
  "requeued",
  "usage",
  "attention",
  "answer",
]);
