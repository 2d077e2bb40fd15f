/** The side of the benchmark `store` that tells what SQLite itself takes for what a task leaves behind: task, attempt, journal, dependants. */
import { makeTask } from "../../src/engine/newTask.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { encodeTask, taskColumns } from "../../src/store/rowCodec.ts";
import { transactionsOf, type QueueSide, type Synchronous } from "./queueSides.ts";

const writer = "bench";
const attemptBody = JSON.stringify({ token: 1, owner: "bench", outcome: "running", startedAt: 0, steps: [], commits: [], usage: {} });
const resultOf = `'$.result', json('{"output":"The parser is replaced.","artifacts":["src/settings.ts"]}'), '$.branch', 'tm/bench'`;

/**
 * Writes the same rows into the same tables as our store, in the same number of transactions, by prepared statements alone: nothing is
 * read that is not needed for the next statement, nothing is checked, and what was written is told to nobody.
 */
export function openRawRows(file: string, synchronous: Synchronous): QueueSide {
  const { db, close } = openDatabase(file);
  db.exec(`PRAGMA synchronous = ${synchronous}`);
  const columns = [...taskColumns, "created_at", "id"];
  const insertTask = db.prepare(`INSERT INTO tasks (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
  const insertDependency = db.prepare("INSERT INTO dependencies (task_id, depends_on) VALUES (?, ?)");
  const insertEvent = db.prepare("INSERT INTO events (task_id, seq, attempt, at, type, body, writer) VALUES (?, ?, ?, ?, ?, ?, ?)");
  const claimTask = db.prepare(
    `UPDATE tasks SET status = 'in_progress', lease_owner = 'bench', lease_token = 1, lease_expires_at = ?, version = version + 1, state_version = version + 1
     WHERE id = (SELECT id FROM tasks INDEXED BY tasks_line WHERE status = 'todo' AND priority = ? AND not_before <= ? ORDER BY deadline_key, created_at, id LIMIT 1)
     RETURNING id`,
  );
  const insertAttempt = db.prepare("INSERT INTO attempts (task_id, number, outcome, started_at, body) VALUES (?, 1, 'running', ?, ?)");
  const completeTask = db.prepare(
    `UPDATE tasks SET status = 'done', lease_owner = NULL, lease_token = NULL, lease_expires_at = NULL, version = version + 1, state_version = version + 1,
     progress = '{"percent":100,"message":""}', body = json_set(body, ${resultOf}) WHERE id = ?`,
  );
  const completeAttempt = db.prepare("UPDATE attempts SET outcome = 'completed', body = ? WHERE task_id = ? AND number = 1");
  const dependants = db.prepare("SELECT d.task_id FROM dependencies d JOIN tasks t ON t.id = d.task_id WHERE d.depends_on = ? AND t.status = 'blocked'");
  const unblock = db.prepare("UPDATE tasks SET status = 'todo', version = version + 1, state_version = version + 1 WHERE id = ?");
  const transaction = transactionsOf(db);
  let last: string | undefined;
  const claimOne = (): string => {
    const now = Date.now();
    for (let priority = 0; priority < 4; priority++) {
      const id = claimTask.get(now + 30_000, priority, now)?.["id"];
      if (typeof id !== "string") continue;
      insertAttempt.run(id, now, attemptBody);
      insertEvent.run(id, 3, 1, now, "started", '{"owner":"bench"}', writer);
      return id;
    }
    throw new Error("the raw rows gave no task");
  };
  const completeOne = (id: string): void => {
    const now = Date.now();
    completeTask.run(id);
    completeAttempt.run(attemptBody, id);
    insertEvent.run(id, 4, 1, now, "completed", '{"summary":"The parser is replaced.","unblocked":[]}', writer);
    for (const { task_id: dependant = null } of dependants.all(id)) {
      unblock.run(dependant);
      insertEvent.run(dependant, 2, 0, now, "unblocked", "{}", writer);
    }
  };
  return {
    enqueue: (input) => {
      const task = makeTask(input, { now: Date.now(), random: Math.random, repository: "/repository", maxAttempts: 3 });
      const row = last === undefined ? task : { ...task, status: "blocked" as const };
      transaction(() => {
        insertTask.run(...encodeTask(row), row.createdAt, row.id);
        if (last !== undefined) insertDependency.run(row.id, last);
        insertEvent.run(row.id, 1, 0, row.createdAt, "created", "{}", writer);
      });
      last = last === undefined ? row.id : undefined;
    },
    work: () => {
      const id = transaction(claimOne);
      transaction(() => completeOne(id));
    },
    close,
  };
}
