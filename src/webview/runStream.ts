import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { TaskAction } from "../model/taskActions.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import { ActiveTimes } from "./activeTime.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { pageSize, viewAttempt, viewBatchMs, viewTask, type HostToView, type ViewAttempt } from "../protocol/hostWebview.ts";

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

/** Most characters of one message; a page that is longer loses its oldest events to the next page. */
const maxPageCharacters = 1_000_000;
/** A view that lags further behind begins anew instead of swallowing everything. */
const maxBacklog = 5_000;
/** Events that are read at once for the attempts' times. */
const timesPage = 5_000;
const newest = Number.MAX_SAFE_INTEGER;

/**
 * Feeds one run view: the newest page, then deltas in the order of the journal, batched.
 *
 *   idle --reset--> loading --> live --suspend--> idle     (a hidden view is idle: its page is gone)
 *
 * What comes while loading waits; a gap in what comes is filled from the store.
 */
export class RunStream {
  readonly #ports: RunStreamPorts;
  readonly #flush: Throttled;
  readonly #times = new ActiveTimes();
  #buffer: TaskEvent[] = [];
  #task: Task | undefined;
  /** Last event that the view was sent; undefined while it is not live. */
  #sentSeq: number | undefined;
  /** Grows with every reset and suspend, so that the answer to an outdated question is dropped. */
  #generation = 0;
  /** What the view asked for and has not got yet. */
  #asked: { readonly lastSeq: number | undefined } | undefined;
  #isIdle = true;
  #isRemoved = false;
  #work: Promise<void> = Promise.resolve();

  constructor(ports: RunStreamPorts) {
    this.#ports = ports;
    this.#flush = throttle(viewBatchMs, () => this.#enqueue((source) => this.#sendBuffer(source)));
  }

  /** Changes of the engine; those of other tasks are ignored. */
  take(changes: readonly TaskChange[]): void {
    const own = changes.filter(({ task }) => task.id === this.#ports.taskId);
    const last = own.at(-1);
    if (last === undefined) return;
    this.#ports.onTask(last.task);
    if (this.#isIdle) return;
    this.#task = last.task;
    for (const { event } of own) this.#buffer.push(event);
    // What is cut off here is a gap, and a gap is filled from the store.
    if (this.#buffer.length > maxBacklog) this.#buffer.splice(0, this.#buffer.length - maxBacklog);
    this.#flush();
  }

  /** The view is there: with nothing, or with everything up to `lastSeq`. */
  ready(lastSeq?: number): void {
    // The view only asks whether anybody is there: it has everything.
    if (lastSeq !== undefined && lastSeq === this.#sentSeq) return;
    // Said again before the answer was there: a slow store must not begin anew each time.
    if (this.#asked !== undefined && this.#asked.lastSeq === lastSeq) return;
    const asked = { lastSeq };
    this.#asked = asked;
    const generation = ++this.#generation;
    const isKnown = lastSeq !== undefined && this.#sentSeq !== undefined;
    if (!isKnown) this.#sentSeq = undefined;
    this.#isIdle = false;
    this.#enqueue((source) => (isKnown ? this.#fill(source, lastSeq) : this.#reset(source, generation)));
    void this.#work.then(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
  }

  /** The page that ends before an event. */
  loadOlder(beforeSeq: number): void {
    this.#enqueue(async (source) => {
      const events = capPage(await source.events(this.#ports.taskId, { beforeSeq, limit: pageSize }));
      this.#ports.post({ type: "older", events, firstSeq: events[0]?.seq ?? 1, beforeSeq });
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
    this.#isIdle = true;
    this.#sentSeq = undefined;
    this.#buffer = [];
  }

  dispose(): void {
    this.suspend();
    this.#flush.dispose();
  }

  async #reset(source: RunSource, generation: number): Promise<void> {
    const { taskId, now } = this.#ports;
    const [task, attempts, page] = await Promise.all([
      source.get(taskId),
      source.attempts(taskId),
      source.events(taskId, { beforeSeq: newest, limit: pageSize }),
    ]);
    if (generation !== this.#generation) return;
    const events = capPage(page);
    this.#sentSeq = events.at(-1)?.seq ?? 0;
    this.#ports.onTask(task);
    const isTimed = (events[0]?.seq ?? 1) <= this.#times.lastSeq + 1;
    if (isTimed) this.#times.take(events);
    this.#ports.post({
      type: "reset",
      task: viewTask(task, this.#ports.pending()),
      attempts: attempts.map((attempt) => viewAttempt(attempt, isTimed ? this.#times.of(attempt.number) : undefined)),
      events,
      firstSeq: events[0]?.seq ?? 1,
      now: now(),
    });
    if (!isTimed) await this.#catchUp(source, task, generation);
    this.#flush();
  }

  /** Reads what came before the page for the attempts' times, which the view then gets. */
  async #catchUp(source: RunSource, task: Task, generation: number): Promise<void> {
    const end = this.#sentSeq ?? 0;
    while (this.#times.lastSeq < end) {
      const events = await source.events(task.id, { afterSeq: this.#times.lastSeq, limit: timesPage });
      if (generation !== this.#generation || events.length === 0) return;
      this.#times.take(events);
    }
    this.#postTask(task, await this.#attempts(source));
  }

  async #attempts(source: RunSource): Promise<readonly ViewAttempt[]> {
    return (await source.attempts(this.#ports.taskId)).map((attempt) => viewAttempt(attempt, this.#times.of(attempt.number)));
  }

  async #sendBuffer(source: RunSource): Promise<void> {
    const from = this.#sentSeq;
    if (from === undefined) return;
    const events = this.#buffer.filter((event) => event.seq > from).sort((a, b) => a.seq - b.seq);
    this.#buffer = [];
    const task = this.#task;
    this.#task = undefined;
    if (events.some((event, index) => event.seq !== from + 1 + index)) await this.#fill(source, from);
    else this.#append(events);
    if (task !== undefined) this.#postTask(task, events.some(({ type }) => attemptTypes.has(type)) ? await this.#attempts(source) : undefined);
  }

  /** Sends what the store has behind an event; a view that is far behind begins anew. */
  async #fill(source: RunSource, afterSeq: number): Promise<void> {
    const generation = this.#generation;
    const events = await source.events(this.#ports.taskId, { afterSeq, limit: pageSize });
    if (generation !== this.#generation) return;
    if (events.length === pageSize) return this.#reset(source, generation);
    this.#append(events);
  }

  #append(events: readonly TaskEvent[]): void {
    // Behind a gap the times would be wrong; the next reset reads them.
    if ((events[0]?.seq ?? 1) <= this.#times.lastSeq + 1) this.#times.take(events);
    for (const piece of pieces(events)) {
      const lastSeq = piece.at(-1)?.seq ?? 0;
      this.#sentSeq = lastSeq;
      this.#ports.post({ type: "append", events: piece, lastSeq });
    }
  }

  #postTask(task: Task, attempts?: readonly ViewAttempt[]): void {
    if (this.#sentSeq === undefined) return;
    this.#ports.post({ type: "task", task: viewTask(task, this.#ports.pending()), attempts });
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
]);

/** The newest events of a page that fit into one message; at least one. */
function capPage(page: readonly TaskEvent[]): readonly TaskEvent[] {
  let characters = 0;
  const first = page.findLastIndex((event) => (characters += sizeOf(event)) > maxPageCharacters);
  return first < 0 ? page : page.slice(Math.min(first + 1, page.length - 1));
}

/** Events in messages of a bearable length. */
function pieces(events: readonly TaskEvent[]): readonly (readonly TaskEvent[])[] {
  const result: TaskEvent[][] = [];
  let characters = Infinity;
  for (const event of events) {
    const size = sizeOf(event);
    if (characters + size > maxPageCharacters) {
      result.push([]);
      characters = 0;
    }
    characters += size;
    result.at(-1)?.push(event);
  }
  return result;
}

function sizeOf(event: TaskEvent): number {
  if (event.type === "message") return event.text.length + 200;
  if (event.type === "said") return event.message.text.length + 200;
  if (event.type !== "tool_call") return 500;
  const { outputDelta = "", diffs = [], input } = event.call;
  const texts = diffs.reduce((sum, diff) => sum + diff.newText.length + (diff.oldText?.length ?? 0), 0);
  return 500 + outputDelta.length + texts + (input === undefined ? 0 : JSON.stringify(input).length);
}
