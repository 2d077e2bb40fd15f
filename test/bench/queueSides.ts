/** The sides of the benchmark `store`: a durable queue each, driven task by task. */
import { DatabaseSync } from "node:sqlite";
import { Emitter } from "../../src/base/event.ts";
import type { NewTask, TaskChange } from "../../src/engine/facade.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { makeTask } from "../../src/engine/newTask.ts";
import { candidatesPerPriority, selectTask } from "../../src/engine/selectTask.ts";
import * as machine from "../../src/engine/taskMachine.ts";
import type { TaskId } from "../../src/model/ids.ts";
import type { Attempt, Task } from "../../src/model/task.ts";
import { noUsage } from "../../src/model/usage.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";

/** SQLite's `synchronous`: with FULL a transaction is on the disk when it ends, with NORMAL it is written, but may go with the power. */
export type Synchronous = "FULL" | "NORMAL";

/** A queue that is measured. */
export interface QueueSide {
  enqueue(input: NewTask): Promise<void> | void;
  /** Claims the next task and completes it, in two transactions. */
  work(): Promise<void> | void;
  close(): Promise<void> | void;
}

const owner = "bench";
const leaseMs = 30_000;
const clock = { now: (): number => Date.now() };

/** Runs work in a transaction, by prepared statements; a benchmark needs no rollback. */
export function transactionsOf(db: DatabaseSync): <T>(work: () => T) => T {
  const [begin, commit] = [db.prepare("BEGIN IMMEDIATE"), db.prepare("COMMIT")];
  return (work) => {
    begin.run();
    const result = work();
    commit.run();
    return result;
  };
}

/** The least that a durable queue can cost: one table, one index, prepared statements, a transaction for each change. */
export function openFloor(file: string, synchronous: Synchronous): QueueSide {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  db.exec("CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT NOT NULL, priority INTEGER NOT NULL, body TEXT NOT NULL) STRICT");
  db.exec("CREATE INDEX line ON tasks (status, priority, id)");
  const insert = db.prepare("INSERT INTO tasks (status, priority, body) VALUES ('todo', ?, ?)");
  const claim = db.prepare(
    "UPDATE tasks SET status = 'running' WHERE id = (SELECT id FROM tasks WHERE status = 'todo' ORDER BY priority, id LIMIT 1) RETURNING id, body",
  );
  const complete = db.prepare("UPDATE tasks SET status = 'done' WHERE id = ?");
  const transaction = transactionsOf(db);
  return {
    enqueue: (input) => void transaction(() => insert.run(input.priority === "critical" ? 0 : 1, JSON.stringify(input))),
    work: () => {
      const id = transaction(() => claim.get())?.["id"];
      if (id === undefined) throw new Error("the floor gave no task");
      transaction(() => complete.run(id));
    },
    close: () => db.close(),
  };
}

/** Our store under the engine's ledger, as a side that can also work on several tasks at once. */
export interface OurSide extends QueueSide {
  claim(id: TaskId): Promise<Task>;
  complete(claimed: Task): Promise<void>;
  /** The most urgent tasks, at most `count`. */
  ready(count: number): Promise<readonly TaskId[]>;
}

/**
 * Ours: choosing, claiming (lease, attempt, journal) and completing (attempt, journal, dependants) by the engine's ledger on
 * the store as the product opens it. With `dependencies` every second task waits for the one before, so half the completions
 * unblock another task. NORMAL is set behind the store's back: it switches by itself only for streamed events, which are not part of this.
 */
export function openOurs(file: string, synchronous: Synchronous, { dependencies }: { readonly dependencies: boolean }): OurSide {
  const opened = openDatabase(file);
  if (synchronous === "NORMAL") opened.db.exec("PRAGMA synchronous = NORMAL");
  const store = new SqliteTaskStore(opened);
  const ledger = new Ledger(store, clock, { changes: new Emitter<readonly TaskChange[]>(), removals: new Emitter<readonly TaskId[]>() });
  let last: TaskId | undefined;
  const enqueue = async (input: NewTask): Promise<void> => {
    const dependsOn = dependencies && last !== undefined ? [last] : [];
    const task = makeTask({ ...input, dependsOn }, { now: clock.now(), random: Math.random, repository: "/repository", maxAttempts: 3 });
    await ledger.insert(task);
    last = last === undefined ? task.id : undefined;
  };
  const claim = (id: TaskId): Promise<Task> =>
    ledger.change(id, (row) => {
      const next = machine.claim(row, { owner, expiresAt: clock.now() + leaseMs }, clock.now());
      return { task: next, attempt: newAttempt(next), events: [{ type: "started", owner }] };
    });
  const complete = async ({ id, fence }: Task): Promise<void> => {
    await ledger.change(id, completion, fence);
  };
  const work = async (): Promise<void> => {
    const now = clock.now();
    const next = selectTask(await store.candidates(now, candidatesPerPriority({})), now);
    if (next === undefined) throw new Error("the store gave no task");
    await complete(await claim(next.id));
  };
  const ready = async (count: number): Promise<readonly TaskId[]> => (await store.candidates(clock.now(), count)).slice(0, count).map(({ id }) => id);
  return { enqueue, claim, complete, work, ready, close: () => store.close() };
}

function newAttempt(task: Task): Attempt {
  return {
    taskId: task.id,
    number: task.attempts,
    token: task.fence,
    owner,
    outcome: "running",
    startedAt: clock.now(),
    steps: [],
    commits: [],
    usage: noUsage,
  };
}

function completion(task: Task, attempt: Attempt | undefined): ReturnType<Parameters<Ledger["change"]>[1]> {
  const now = clock.now();
  const metrics = { startedAt: attempt?.startedAt ?? now, endedAt: now, durationMs: now - (attempt?.startedAt ?? now) };
  return {
    task: machine.complete({ ...task, branch: `tm/${task.id}` }, { output: "The parser is replaced.", metrics, artifacts: ["src/settings.ts"] }, now),
    ...(attempt === undefined
      ? {}
      : { attempt: { ...attempt, outcome: "completed", endedAt: now, commits: ["c0ffee"], steps: [...attempt.steps, "acknowledged"] } }),
    events: [{ type: "completed", summary: "The parser is replaced.", unblocked: [] }],
    releaseDependants: true,
  };
}
