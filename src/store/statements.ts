import type { DatabaseSync, StatementSync } from "node:sqlite";
import { contentColumns, placeColumns, taskColumns } from "./rowCodec.ts";

// A bare `LIMIT ?` makes SQLite compile the statement anew for every value (8 µs instead of 0.4, measured): hence `? + 0`.

/**
 * The line of one priority: walks the index in order, as far as the reader goes. INDEXED BY makes a lost index an error
 * instead of a scan (performance.md section 2; a test reads the query plan).
 */
export const candidatesSql = `SELECT * FROM tasks INDEXED BY tasks_line
  WHERE status = 'todo' AND priority = ? AND not_before <= ? ORDER BY deadline_key, created_at, id`;

/**
 * The same with a filter, which walks on past what does not fit: it must have all the tags, and another agent than these
 * (the empty name is the default one). A damaged body fits nothing; CASE keeps it from ending the query.
 */
export const filteredCandidatesSql = `SELECT * FROM tasks INDEXED BY tasks_line
  WHERE status = 'todo' AND priority = ? AND not_before <= ? AND CASE WHEN json_valid(body) THEN
    NOT EXISTS (SELECT 1 FROM json_each(?) wanted
      WHERE wanted.value NOT IN (SELECT tag.value FROM json_each(tasks.body, '$.tags') tag))
    AND coalesce(json_extract(body, '$.agent'), '') NOT IN (SELECT value FROM json_each(?))
  ELSE 0 END ORDER BY deadline_key, created_at, id`;

/** Tasks with a lease; the partial index holds no others. */
export const leasedSql = "SELECT * FROM tasks INDEXED BY tasks_leased WHERE lease_expires_at IS NOT NULL ORDER BY lease_expires_at";

/**
 * Whether a dependency p has to be waited for. One that is missing (LEFT JOIN gives NULL) has; one that was done and goes on
 * because its user had more to say has not.
 */
const isOpen = `(p.status IS NOT 'done' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.task_id = p.id AND a.outcome = 'completed'))`;

/** Whether task t waits for nothing. */
const waitsForNothing = `NOT EXISTS (SELECT 1 FROM dependencies o LEFT JOIN tasks p ON p.id = o.depends_on WHERE o.task_id = t.id AND ${isOpen})`;

/** Blocked tasks that wait for the given one and for nothing else. CROSS JOIN keeps SQLite from walking all blocked tasks instead. */
export const releasableSql = `SELECT t.* FROM dependencies d CROSS JOIN tasks t ON t.id = d.task_id
  WHERE d.depends_on = ? AND t.status = 'blocked' AND ${waitsForNothing} ORDER BY t.created_at, t.rowid`;

/** Blocked tasks that wait for nothing at all; walks the blocked ones in the order of the index. */
export const straysSql = `SELECT t.* FROM tasks AS t INDEXED BY tasks_line
  WHERE t.status = 'blocked' AND ${waitsForNothing} ORDER BY t.priority, t.deadline_key, t.created_at, t.id LIMIT ? + 0`;

/** Tasks that depend on the given one. */
export const dependantsSql = `SELECT t.* FROM dependencies d CROSS JOIN tasks t ON t.id = d.task_id
  WHERE d.depends_on = ? ORDER BY t.created_at, t.rowid`;

const sql = {
  /** The id of a removed task is not given again: those who depend on it would wait for another one. */
  idTaken: "SELECT 1 FROM tasks WHERE id = ?1 UNION ALL SELECT 1 FROM events WHERE task_id = ?1 LIMIT 1",
  getTask: "SELECT * FROM tasks WHERE id = ?",
  /** All that a write must know of the stored row; the body may be damaged. */
  taskHead: `SELECT ${placeColumns.join(", ")}, version, state_version, progress FROM tasks WHERE id = ?`,
  listTasks: "SELECT * FROM tasks ORDER BY created_at, rowid LIMIT ? + 0",
  listByStatus: "SELECT * FROM tasks WHERE status IN (SELECT value FROM json_each(?)) ORDER BY created_at, rowid LIMIT ? + 0",
  insertTask: `INSERT INTO tasks (${taskColumns.join(", ")}, created_at, id) VALUES (${taskColumns.map(() => "?").join(", ")}, ?, ?)`,
  updateTask: `UPDATE tasks SET ${settingOf(taskColumns)} WHERE id = ?`,
  /** SQLite writes the entry of an index anew for each of its columns that is set, also to the same value. */
  updateContent: `UPDATE tasks SET ${settingOf(contentColumns)} WHERE id = ?`,
  setProgress: "UPDATE tasks SET progress = ? WHERE id = ?",
  renewLease: "UPDATE tasks SET lease_expires_at = ?, version = version + 1 WHERE id = ? AND lease_token = ?",
  candidates: candidatesSql,
  filteredCandidates: filteredCandidatesSql,
  leased: leasedSql,
  releasable: releasableSql,
  strays: straysSql,
  dependants: dependantsSql,
  dependenciesOf: "SELECT depends_on FROM dependencies WHERE task_id = ?",
  waitingFor: `SELECT d.depends_on FROM dependencies d LEFT JOIN tasks p ON p.id = d.depends_on
    WHERE d.task_id = ? AND ${isOpen} ORDER BY p.created_at, p.rowid`,
  addDependency: "INSERT OR IGNORE INTO dependencies (task_id, depends_on) VALUES (?, ?)",
  dropDependencies: "DELETE FROM dependencies WHERE task_id = ?",
  /** Attempts and dependencies go with the row. */
  deleteTask: "DELETE FROM tasks WHERE id = ?",
  deleteEventsBefore: "DELETE FROM events WHERE task_id = ? AND seq < ?",
  getAttempt: "SELECT * FROM attempts WHERE task_id = ? AND number = ?",
  newestAttempt: "SELECT * FROM attempts WHERE task_id = ? ORDER BY number DESC LIMIT 1",
  listAttempts: "SELECT * FROM attempts WHERE task_id = ? ORDER BY number",
  putAttempt: `INSERT INTO attempts (task_id, number, outcome, started_at, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (task_id, number) DO UPDATE SET outcome = excluded.outcome, started_at = excluded.started_at, body = excluded.body`,
  lastSeq: "SELECT max(seq) AS seq FROM events WHERE task_id = ?",
  insertEvent: "INSERT INTO events (task_id, seq, attempt, at, type, body, writer) VALUES (?, ?, ?, ?, ?, ?, ?)",
  eventsAfter: "SELECT * FROM events WHERE task_id = ? AND seq > ? ORDER BY seq LIMIT ? + 0",
  eventsBefore: "SELECT * FROM events WHERE task_id = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ? + 0",
  eventsOfTypes: `SELECT * FROM events WHERE task_id = ? AND seq > ? AND seq < ? AND type IN (SELECT value FROM json_each(?))
    ORDER BY seq LIMIT ? + 0`,
  eventsOfTypesBefore: `SELECT * FROM events WHERE task_id = ? AND seq > ? AND seq < ? AND type IN (SELECT value FROM json_each(?))
    ORDER BY seq DESC LIMIT ? + 0`,
  states: "SELECT name, body FROM queue_state ORDER BY name",
  getState: "SELECT body FROM queue_state WHERE name = ?",
  putState: "INSERT INTO queue_state (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
  dropState: "DELETE FROM queue_state WHERE name = ?",
  lastEventId: "SELECT max(id) AS id FROM events",
  eventsElsewhere: "SELECT * FROM events WHERE id > ? AND writer <> ? ORDER BY id LIMIT ? + 0",
  dataVersion: "PRAGMA data_version",
} as const;

function settingOf(columns: readonly string[]): string {
  return columns.map((column) => `${column} = ?`).join(", ");
}

/** Every statement of the store, prepared once. */
export type Statements = Readonly<Record<keyof typeof sql, StatementSync>>;

/** Prepares them; throws SQLite's error when the schema does not fit. */
export function prepareStatements(db: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, db.prepare(text)])) as Record<keyof typeof sql, StatementSync>;
}
