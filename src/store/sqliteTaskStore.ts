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
import type { CandidateFilter, EventBatch, EventQuery, TaskQuery, TaskStore, TaskWrite, TaskWriteResult } from "../engine/ports.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { priorities, type Attempt, type Task } from "../model/task.ts";
import type { NewTaskEvent, TaskEvent } from "../model/taskEvent.ts";
import { ChangeFeed } from "./changeFeed.ts";
import { DependencyRows } from "./dependencyRows.ts";
import { Journal } from "./journal.ts";
import { foldIntoAttempt, lastProgress, mergeAttempt, mergeTask } from "./mergeWrites.ts";
import type { OpenedDatabase } from "./openDatabase.ts";
import { decodeAttempt, decodeLease, decodeProgress, decodeTask, encodeAttempt, encodeTask, parseObject, textOf, type Row } from "./rowCodec.ts";
import { toStoreError } from "./sqliteErrors.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { Transactions } from "./transactions.ts";

/** Settings of a store; all have defaults. */
export interface SqliteTaskStoreOptions {
  /** How often others' changes are looked for while somebody listens; default 250. */
  readonly pollMs?: number;
  /** Hears of each damaged row that a list passed over (STORE_CORRUPT naming the task). */
  readonly onBadRow?: (error: TaskMasterError) => void;
  /** Hears what a listener threw or a poll for changes met. */
  readonly onError?: (error: unknown) => void;
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
  readonly #dependencies: DependencyRows;
  readonly #feed: ChangeFeed;
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
    this.#transactions = new Transactions(opened.db);
    this.#journal = new Journal(this.#statements, writer);
    this.#dependencies = new DependencyRows(this.#statements);
    this.#feed = new ChangeFeed(this.#statements, { ...options, writer, path: opened.path });
    this.onDidChangeElsewhere = this.#feed.event;
    this.onDidChangeStateElsewhere = this.#feed.stateEvent;
  }

  /**
   * Also: TASK_NOT_FOUND for an unknown dependency, CONFLICT when the id is taken. The status is settled by the dependencies
   * as they are now; when that changes it, the version is one more and an `unblocked` or `blocked` event is added.
   */
  async insert(task: Task, events: readonly NewTaskEvent[]): Promise<readonly TaskEvent[]> {
    return this.#write("add a task", () => {
      if (this.#statements.taskExists.get(task.id) !== undefined) {
        throw new TaskMasterError("CONFLICT", `There is already a task ${task.id}.`, { retryable: true });
      }
      this.#dependencies.assertKnown(task.dependsOn);
      this.#statements.insertTask.run(...encodeTask(task), task.id);
      this.#dependencies.write(task);
      const settled = this.#dependencies.settle(task, task.updatedAt);
      if (settled.event === undefined) return this.#journal.append(task.id, events);
      this.#putTask({ ...settled.task, version: task.version + 1 });
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

  async candidates(now: number, perPriority: number, filter: CandidateFilter = {}): Promise<readonly Task[]> {
    const { candidates, filteredCandidates } = this.#statements;
    const { requireTags = [], exceptAgents = [] } = filter;
    // The plain query reads no bodies.
    const isPlain = requireTags.length === 0 && exceptAgents.length === 0;
    const lists = [JSON.stringify(requireTags), JSON.stringify(exceptAgents)] as const;
    return this.#read(() =>
      (filter.priorities ?? priorities)
        .map((priority) => priorities.indexOf(priority))
        .flatMap((priority) =>
          this.#decodeAll(isPlain ? candidates.all(priority, now, perPriority) : filteredCandidates.all(priority, now, ...lists, perPriority)),
        ),
    );
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
      this.#putTask(task);
      if (write.attempt !== undefined) this.#putAttempt(write.attempt, write.events);
      const released = write.releaseDependants === true ? this.#decodeAll(this.#dependencies.releasable(task.id)) : [];
      const ids = released.map(({ id }) => id);
      const own = write.events.map((event) => (event.type === "completed" ? { ...event, unblocked: ids } : event));
      const events = this.#journal.append(task.id, settled.event === undefined ? own : [...own, settled.event]);
      const unblocked = released.map((dependant) => this.#release(dependant, task));
      return { ok: true, task, events: [...events, ...unblocked.flatMap((each) => each.events)], unblocked: unblocked.map((each) => each.task) };
    });
  }

  /**
   * Folds progress into the task, usage and checkpoints (step; `data.sessionId`, `branch`, `baseSha`, `worktree` and `commits`)
   * into its newest attempt. Never raises the task's version. Durable at once only when it holds a checkpoint.
   */
  async append({ taskId, token, events }: EventBatch): Promise<readonly TaskEvent[] | undefined> {
    const durability = events.some((event) => event.type === "checkpoint") ? "full" : "normal";
    return this.#run("write the journal", () =>
      this.#transactions.run(durability, () => {
        const head = this.#statements.taskHead.get(taskId);
        if (head === undefined || head["lease_token"] !== token) return undefined;
        const progress = lastProgress(events);
        if (progress !== undefined) this.#statements.setProgress.run(JSON.stringify(progress), taskId);
        this.#foldIntoNewestAttempt(taskId, events);
        return this.#journal.append(taskId, events);
      }),
    );
  }

  /** Also notices (STORE_FAILED) that the database's file was removed or replaced: a heartbeat is the moment to look. */
  async renewLease(taskId: TaskId, token: number, expiresAt: number): Promise<boolean> {
    return this.#run("renew a lease", () => {
      this.#opened.assertSameFile();
      return this.#transactions.run("normal", () => Number(this.#statements.renewLease.run(expiresAt, taskId, token).changes) > 0);
    });
  }

  /** The one that ended first comes first. */
  async leased(): Promise<readonly Task[]> {
    return this.#read(() => this.#decodeAll(this.#statements.leased.all()));
  }

  /** In order of their number. */
  async attempts(taskId: TaskId): Promise<readonly Attempt[]> {
    return this.#read(() => this.#statements.listAttempts.all(taskId).map(decodeAttempt));
  }

  async events(taskId: TaskId, query: EventQuery): Promise<readonly TaskEvent[]> {
    return this.#read(() => this.#journal.page(taskId, query));
  }

  /** What is damaged is told to `onBadRow` and counts as not there. */
  async states(): Promise<ReadonlyMap<string, JsonObject>> {
    return this.#read(() => new Map(this.#statements.states.all().flatMap((row) => this.#decodeState(row))));
  }

  async replaceState(name: string, before: JsonObject | undefined, after: JsonObject | undefined): Promise<boolean> {
    return this.#write("save the state of the queue", () => {
      const row = this.#statements.getState.get(name);
      const stored = row === undefined ? undefined : this.#decodeState({ ...row, name })[0]?.[1];
      if (JSON.stringify(stored) !== JSON.stringify(before)) return false;
      if (after === undefined) this.#statements.dropState.run(name);
      else this.#statements.putState.run(name, JSON.stringify(after));
      this.#feed.forgetState();
      return true;
    });
  }

  /** Idempotent; afterwards everything rejects with STORE_FAILED. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#feed.dispose();
    this.#opened.db.close();
  }

  #release(dependant: Task, by: Task): { readonly task: Task; readonly events: readonly TaskEvent[] } {
    const task: Task = { ...dependant, status: "todo", updatedAt: by.updatedAt, version: dependant.version + 1 };
    this.#putTask(task);
    return { task, events: this.#journal.append(task.id, [{ type: "unblocked", by: by.id, attempt: 0, at: by.updatedAt }]) };
  }

  #putTask(task: Task): void {
    this.#statements.updateTask.run(...encodeTask(task), task.id);
  }

  #putAttempt(written: Attempt, events: readonly NewTaskEvent[]): void {
    const row = this.#statements.getAttempt.get(written.taskId, written.number);
    const attempt = mergeAttempt(written, row === undefined ? undefined : decodeAttempt(row), events);
    this.#statements.putAttempt.run(attempt.taskId, attempt.number, ...encodeAttempt(attempt));
  }

  #foldIntoNewestAttempt(taskId: TaskId, events: readonly NewTaskEvent[]): void {
    if (!events.some((event) => event.type === "usage" || event.type === "checkpoint")) return;
    const row = this.#statements.newestAttempt.get(taskId);
    if (row === undefined) return;
    const attempt = foldIntoAttempt(decodeAttempt(row), events);
    this.#statements.putAttempt.run(taskId, attempt.number, ...encodeAttempt(attempt));
  }

  #decodeState(row: Row): [string, JsonObject][] {
    const name = textOf(row["name"]);
    try {
      return [[name, parseObject(row["body"], `the state ${name} of the queue`)]];
    } catch (error) {
      if (!(error instanceof TaskMasterError)) throw error;
      this.#options.onBadRow?.(error);
      return [];
    }
  }

  #decodeAll(rows: readonly Row[]): Task[] {
    return rows.flatMap((row) => {
      try {
        return [decodeTask(row)];
      } catch (error) {
        if (!(error instanceof TaskMasterError)) throw error;
        this.#options.onBadRow?.(error);
        return [];
      }
    });
  }

  #write<T>(action: string, work: () => T): T {
    return this.#run(action, () => this.#transactions.run("full", work));
  }

  #read<T>(work: () => T): T {
    return this.#run("read the queue", work);
  }

  #run<T>(action: string, work: () => T): T {
    if (this.#isClosed) throw new TaskMasterError("STORE_FAILED", `The queue ${this.path} is closed.`);
    try {
      return work();
    } catch (error) {
      throw toStoreError(error, { path: this.path, action });
    }
  }
}

/** Why a write does not count, if so. A lost lease is told before a version conflict: it is final. */
function refusalOf({ task, token }: TaskWrite, head: Row | undefined): "conflict" | "stale_lease" | "missing" | undefined {
  if (head === undefined) return "missing";
  const version = Number(head["version"]);
  if (token === undefined) return task.version === version ? undefined : "conflict";
  if (head["lease_token"] !== token) return "stale_lease";
  return task.version >= Number(head["state_version"]) && task.version <= version ? undefined : "conflict";
}
