import type { DatabaseSync } from "node:sqlite";

/** Marks a file as a queue of this program ("TMGQ"). */
export const applicationId = 0x544d4751;

/** What a new queue is given when its file is made; `createdAt` in milliseconds since the epoch. */
export interface QueueIdentity {
  readonly uuid: string;
  readonly createdAt: number;
}

/** One step of the schema; runs inside a transaction that also raises `user_version`. */
export interface Migration {
  readonly version: number;
  readonly up: (db: DatabaseSync, identity: QueueIdentity) => void;
}

/**
 * Version 1. `body` holds the fields that no query needs, as JSON. Sentinels keep the index plain: `deadline_key` is
 * 9007199254740991 without a deadline, `not_before` 0 without one. `state_version` is the version of the last state
 * write; `version` is raised by lease renewals too (see sqliteTaskStore.ts).
 */
const firstSchema = `
CREATE TABLE queue (id INTEGER PRIMARY KEY CHECK (id = 1), uuid TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE tasks (
  id TEXT PRIMARY KEY NOT NULL,
  status TEXT NOT NULL,
  priority INTEGER NOT NULL,
  deadline_key INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  state_version INTEGER NOT NULL,
  lease_owner TEXT,
  lease_token INTEGER,
  lease_expires_at INTEGER,
  progress TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX tasks_line ON tasks (status, priority, deadline_key, created_at, id, not_before);
CREATE INDEX tasks_created ON tasks (created_at);
CREATE INDEX tasks_leased ON tasks (lease_expires_at) WHERE lease_expires_at IS NOT NULL;
CREATE TABLE dependencies (
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  depends_on TEXT NOT NULL REFERENCES tasks (id),
  PRIMARY KEY (task_id, depends_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependencies_reverse ON dependencies (depends_on, task_id);
CREATE TABLE attempts (
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (task_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  writer TEXT NOT NULL,
  UNIQUE (task_id, seq)
) STRICT;
`;

/**
 * Version 2. A dependency may name a task that does not exist (any more): its dependants stay blocked and say so. Events get
 * plain row ids, which grow as long as the newest is never deleted: no AUTOINCREMENT, so no second table is written for each.
 * They do not go with their task: of a removed one the last entry stays, so that others hear of it and no id comes twice.
 * The line holds only tasks that wait, so most changes of a task leave it alone (SQLite sees the OR in a query, IN it would not).
 * `queue_state` holds what concerns the queue as a whole (a paused agent profile, why it stopped ...), as JSON by name.
 */
const secondSchema = `
CREATE TABLE dependencies_2 (
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  depends_on TEXT NOT NULL,
  PRIMARY KEY (task_id, depends_on)
) STRICT, WITHOUT ROWID;
INSERT INTO dependencies_2 SELECT task_id, depends_on FROM dependencies;
DROP TABLE dependencies;
ALTER TABLE dependencies_2 RENAME TO dependencies;
CREATE INDEX dependencies_reverse ON dependencies (depends_on, task_id);
CREATE TABLE events_2 (
  id INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  writer TEXT NOT NULL,
  UNIQUE (task_id, seq)
) STRICT;
INSERT INTO events_2 SELECT id, task_id, seq, attempt, at, type, body, writer FROM events;
DROP TABLE events;
ALTER TABLE events_2 RENAME TO events;
DROP INDEX tasks_line;
CREATE INDEX tasks_line ON tasks (status, priority, deadline_key, created_at, id, not_before) WHERE status = 'todo' OR status = 'blocked';
CREATE TABLE queue_state (name TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Every step from an empty file to today's schema, in order. A released step is never changed. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    up: (db, identity) => {
      db.exec(firstSchema);
      db.exec(`PRAGMA application_id = ${applicationId}`);
      db.prepare("INSERT INTO queue (id, uuid, created_at) VALUES (1, ?, ?)").run(identity.uuid, identity.createdAt);
    },
  },
  { version: 2, up: (db) => db.exec(secondSchema) },
];

/** The schema version that the last of the steps makes; 0 for none. */
export function latestVersion(steps: readonly Migration[] = migrations): number {
  return steps.at(-1)?.version ?? 0;
}

/** The schema version stored in the file; 0 for a new one. */
export function readUserVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}

/** Brings the schema up to date, each step in one transaction; safe when several processes do it at once. Throws SQLite's errors. */
export function migrate(db: DatabaseSync, identity: QueueIdentity, steps: readonly Migration[] = migrations): void {
  for (const step of steps) {
    if (readUserVersion(db) >= step.version) continue;
    db.exec("BEGIN IMMEDIATE");
    try {
      // Another process may have made this step while we waited for the lock.
      if (readUserVersion(db) < step.version) {
        step.up(db, identity);
        db.exec(`PRAGMA user_version = ${step.version}`);
      }
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction !== false) db.exec("ROLLBACK");
      throw error;
    }
  }
}
