/**
 * Tasks, attempts and the journal in SQLite, shared by any number of processes.
 *
 * Two kinds of writes (mergeWrites.ts has the rules by which they meet):
 * - state: `insert`, `commit`. Durable (FULL); optimistic on `version`, which they raise by one.
 * - streams: `append`, `renewLease`. Fenced by the lease's token. `append` never raises `version`. `renewLease` does, so
 *   that nobody takes over, on an older snapshot, a lease that was just renewed; but the holder of the lease (a commit
 *   with its `token`) may still name any version since the last state write.
 */
import { randomUUID } from "node:crypto";
import type { Event } from "../base/event.ts";
import type { JsonObject } from "../base/json.ts";
import type { CandidateFilter, EventBatch, EventQuery, TaskQuery, TaskRemovalResult, TaskStore, TaskWrite, TaskWriteResult } from "../engine/ports.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { priorities, type Attempt, type Priority, type Task } from "../model/task.ts";
import type { NewTaskEvent, TaskEvent } from "../model/taskEvent.ts";
import { appendBatch } from "./appendBatch.ts";
import { AppendQueue } from "./appendQueue.ts";
import { AttemptRows } from "./attemptRows.ts";
import { candidateRows } from "./candidateRows.ts";
import { ChangeFeed } from "./changeFeed.ts";
import { DependencyRows } from "./dependencyRows.ts";
import { Journal } from "./journal.ts";
import { mergeTask } from "./mergeWrites.ts";
import type { OpenedDatabase } from "./openDatabase.ts";
import { QueueStates } from "./queueStates.ts";
import { Retention, type CompactedSlice } from "./retention.ts";
import { readableTasks } from "./readableTasks.ts";
import { decodeLease, decodeProgress, decodeTask, type Row } from "./rowCodec.ts";
import { refusalOf } from "./refusal.ts";
import { toStoreError } from "./sqliteErrors.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { TaskRows } from "./taskRows.ts";
import { Transactions } from "./transactions.ts";
import { damagedQueue, Trouble } from "./trouble.ts";

/** Settings of a store; all have defaults. */
export interface SqliteTaskStoreOptions {
  /** How often others' changes are looked for while somebody listens; default 250. */
  readonly pollMs?: number;
  /** Hears of each damaged row that a list passed over (STORE_CORRUPT naming the task). */
  readonly onBadRow?: (error: TaskMasterError) => void;
  /** Hears what a listener threw or a poll for changes met. */
  readonly onError?: (error: unknown) => void;
  /** Hears once that the file was lost while it was open (STORE_FAILED: nothing is written any more), once that it is damaged (STORE_CORRUPT). */
  readonly onTrouble?: (error: TaskMasterError) => void;
}

const noLimit = -1;

/** See the header of this file. */
export class SqliteTaskStore implements TaskStore {
  readonly uuid: string;
  /** The file, or ":memory:". */
  readonly path: string;
  readonly onDidChangeElsewhere: Event<readonly TaskEvent[]>;
  readonly onDidChangeStateElsewhere: Event<void>;
  readonly #opened: OpenedDatabase;
  readonly #options: SqliteTaskStoreOptions;
  readonly #statements: Statements;
  readonly #transactions: Transactions;
  readonly #journal: Journal;
  readonly #tasks: TaskRows;
  readonly #dependencies: DependencyRows;
  readonly #attempts: AttemptRows;
  readonly #states: QueueStates;
  readonly #feed: ChangeFeed;
  readonly #retention: Retention;
  readonly #trouble: Trouble;
  readonly #appends: AppendQueue;
  #isClosed = false;

  constructor(opened: OpenedDatabase, options: SqliteTaskStoreOptions = {}) {
    this.uuid = opened.uuid;
    this.path = opened.path;
    this.#opened = opened;
    this.#options = options;
    try {
      this.#statements = prepareStatements(opened.db);
    } catch (error) {
      throw toStoreError(error, { path: opened.path, action: "read the queue" });
    }
    const writer = randomUUID();
    this.#trouble = new Trouble(opened.path, options.onTrouble);
    const assertSameFile = (): void => this.#trouble.check(opened.assertSameFile);
    const assertSameFormat = (): void => this.#trouble.check(opened.assertSameFormat);
    const check = (): void => (assertSameFile(), assertSameFormat());
    this.#transactions = new Transactions(opened.db, { assertSameFile, assertSameFormat });
    this.#journal = new Journal(this.#statements, writer);
    this.#retention = new Retention(opened.db, this.#transactions, this.#journal);
    this.#dependencies = new DependencyRows(this.#statements);
    this.#tasks = new TaskRows(this.#statements);
    this.#attempts = new AttemptRows(this.#statements);
    this.#states = new QueueStates(this.#statements, options.onBadRow);
    this.#feed = new ChangeFeed(this.#statements, { ...options, writer, path: opened.path, check });
    this.#appends = new AppendQueue({
      transaction: (durability, work) => this.#transactions.run(durability, work),
      write: (batch) => appendBatch({ statements: this.#statements, attempts: this.#attempts, states: this.#states, journal: this.#journal }, batch),
      toError: (error) => this.#trouble.toError(error, { action: "write the journal" }),
    });
    this.onDidChangeElsewhere = this.#feed.event;
    this.onDidChangeStateElsewhere = this.#feed.stateEvent;
  }

  /**
   * Also: DEPENDENCY_CYCLE, CONFLICT when the id is taken or was a removed task's. The status is settled by the dependencies
   * as they are now; when that changes it, the version is one more and an `unblocked` or `blocked` event is added.
   */
  async insert(task: Task, events: readonly NewTaskEvent[]): Promise<readonly TaskEvent[]> {
    return this.#write("add a task", () => {
      if (this.#statements.idTaken.get(task.id) !== undefined) {
        throw new TaskMasterError("CONFLICT", `There is already a task ${task.id}.`, { retryable: true });
      }
      this.#tasks.insert(task);
      this.#dependencies.write(task);
      const settled = this.#dependencies.settle(task, task.updatedAt);
      if (settled.event === undefined) return this.#journal.append(task.id, events);
      this.#tasks.put({ ...settled.task, version: task.version + 1 });
      return this.#journal.append(task.id, [...events, settled.event]);
    });
  }

  async get(id: TaskId): Promise<Task | undefined> {
    return this.#read(() => {
      const row = this.#statements.getTask.get(id);
      return row === undefined ? undefined : decodeTask(row);
    });
  }

  /** Damaged rows are passed over and told to `onBadRow`. */
  async list({ statuses, limit = noLimit }: TaskQuery = {}): Promise<readonly Task[]> {
    return this.#read(() => {
      const rows = statuses === undefined ? this.#statements.listTasks.all(limit) : this.#statements.listByStatus.all(JSON.stringify(statuses), limit);
      return this.#decodeAll(rows);
    });
  }

  /** Damaged rows take no place in the line. */
  async candidates(now: number, perPriority: number, filter: CandidateFilter = {}): Promise<readonly Task[]> {
    const line = (priority: Priority): Task[] => this.#decodeAll(candidateRows(this.#statements, { now, priority, filter }), perPriority);
    return this.#read(() => (filter.priorities ?? priorities).flatMap(line));
  }

  async strays(limit: number): Promise<readonly Task[]> {
    return this.#read(() => this.#decodeAll(this.#statements.strays.all(limit)));
  }

  async waitingFor(taskId: TaskId): Promise<readonly TaskId[]> {
    return this.#read(() => this.#dependencies.waitingFor(taskId));
  }

  /** In order of creation. */
  async dependants(taskId: TaskId): Promise<readonly Task[]> {
    return this.#read(() => this.#decodeAll(this.#statements.dependants.all(taskId)));
  }

  /** Of the journal the last entry stays: its id, the newest, must not be given again, and it tells others. */
  async remove(task: Task, event: NewTaskEvent): Promise<TaskRemovalResult> {
    return this.#write("remove a task", () => {
      const refusal = refusalOf({ task, events: [] }, this.#statements.taskHead.get(task.id));
      if (refusal !== undefined) return { ok: false, reason: refusal };
      const waiting = this.#decodeAll(this.#statements.dependants.all(task.id)).filter(({ status }) => status === "todo" || status === "blocked");
      const last = this.#journal.append(task.id, [event]);
      this.#statements.deleteEventsBefore.run(task.id, last[0]?.seq ?? 0);
      this.#statements.deleteTask.run(task.id);
      const blocked = waiting.map((dependant) => {
        const by = this.#dependencies.waitingFor(dependant.id);
        return this.#change(dependant, { type: "blocked", by, attempt: 0, at: event.at }, "blocked");
      });
      return { ok: true, events: [...last, ...blocked.flatMap((each) => each.events)], blocked: blocked.map((each) => each.task) };
    });
  }

  /** `events` of the result are the write's own, then the `unblocked` ones of the released tasks (told apart by `taskId`). */
  async commit(write: TaskWrite): Promise<TaskWriteResult> {
    return this.#write("save a task", () => {
      const head = this.#statements.taskHead.get(write.task.id);
      const refusal = refusalOf(write, head);
      if (head === undefined || refusal !== undefined) return { ok: false, reason: refusal ?? "missing" };
      const merged = mergeTask(write, { lease: decodeLease(head), progress: decodeProgress(head["progress"]) });
      this.#dependencies.write(merged);
      const settled = this.#dependencies.settle(merged, merged.updatedAt);
      const task = { ...settled.task, version: Number(head["version"]) + 1 };
      this.#tasks.put(task, head);
      if (write.attempt !== undefined) this.#attempts.put(write.attempt, write.events);
      const released = write.releaseDependants === true ? this.#decodeAll(this.#dependencies.releasable(task.id)) : [];
      const ids = released.map(({ id }) => id);
      const own = write.events.map((event) => (event.type === "completed" ? { ...event, unblocked: ids } : event));
      const events = this.#journal.append(task.id, settled.event === undefined ? own : [...own, settled.event]);
      const unblocked = released.map((dependant) => this.#change(dependant, { type: "unblocked", by: task.id, attempt: 0, at: task.updatedAt }, "todo"));
      return { ok: true, task, events: [...events, ...unblocked.flatMap((each) => each.events)], unblocked: unblocked.map((each) => each.task) };
    });
  }

  /**
   * Folds progress into the task, usage and checkpoints (step; `data.sessionId`, `branch`, `baseSha`, `worktree` and `commits`)
   * into its newest attempt. Never raises the task's version. Durable at once only when it holds a checkpoint; what streams
   * together is written together (appendQueue.ts).
   */
  async append(batch: EventBatch): Promise<readonly TaskEvent[] | undefined> {
    this.#assertOpen();
    return this.#appends.append(batch);
  }

  async renewLease(taskId: TaskId, token: number, expiresAt: number): Promise<boolean> {
    return this.#run("renew a lease", () => {
      this.#transactions.look(); // a heartbeat is seldom
      return this.#transactions.run("normal", () => Number(this.#statements.renewLease.run(expiresAt, taskId, token).changes) > 0);
    });
  }

  /** The one that ended first comes first. */
  async leased(): Promise<readonly Task[]> {
    return this.#read(() => this.#decodeAll(this.#statements.leased.all()));
  }

  /** In order of their number. */
  async attempts(taskId: TaskId): Promise<readonly Attempt[]> {
    return this.#read(() => this.#attempts.list(taskId));
  }

  async events(taskId: TaskId, query: EventQuery): Promise<readonly TaskEvent[]> {
    return this.#read(() => this.#journal.page(taskId, query));
  }

  /**
   * Shortens the journals of tasks that ended before a time, a short slice at each call until `isLast`; the entries that tell what
   * became of a task stay (retention.ts).
   */
  async compact(endedBefore: number, now: number): Promise<CompactedSlice> {
    return this.#run("shorten the journal", () => this.#retention.slice(endedBefore, now));
  }

  /** Somebody else found damage in the file (STORE_CORRUPT): it is told, and looked at when the queue is opened the next time. */
  reportDamage(what: string): void {
    this.#trouble.tell(damagedQueue(this.path, what));
  }

  /** What is damaged is told to `onBadRow` and counts as not there. */
  async states(): Promise<ReadonlyMap<string, JsonObject>> {
    return this.#read(() => this.#states.all());
  }

  async replaceState(name: string, before: JsonObject | undefined, after: JsonObject | undefined): Promise<boolean> {
    return this.#write("save the state of the queue", () => {
      if (!this.#states.replace(name, before, after)) return false;
      this.#feed.forgetState();
      return true;
    });
  }

  /** Idempotent; afterwards everything rejects with STORE_FAILED. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#appends.flush();
    this.#isClosed = true;
    this.#feed.dispose();
    this.#opened.close();
  }

  /** What another task's write means for a dependant. */
  #change(dependant: Task, event: NewTaskEvent, status: "todo" | "blocked"): { readonly task: Task; readonly events: readonly TaskEvent[] } {
    const task: Task = { ...dependant, status, updatedAt: event.at, version: dependant.version + 1 };
    this.#tasks.put(task);
    return { task, events: this.#journal.append(task.id, [event]) };
  }

  /** At most `count` tasks. */
  #decodeAll(rows: Iterable<Row>, count?: number): Task[] {
    return readableTasks(rows, { count, onBadRow: this.#options.onBadRow });
  }

  /** Behind what was streamed before it. */
  #write<T>(action: string, work: () => T): T {
    this.#assertOpen();
    this.#appends.flush();
    return this.#run(action, () => this.#transactions.run("full", work));
  }

  #read<T>(work: () => T): T {
    return this.#run("read the queue", work);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new TaskMasterError("STORE_FAILED", `The queue ${this.path} is closed.`);
  }

  #run<T>(action: string, work: () => T): T {
    this.#assertOpen();
    try {
      return work();
    } catch (error) {
      throw this.#trouble.toError(error, { action });
    }
  }
}
