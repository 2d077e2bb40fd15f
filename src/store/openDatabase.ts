import type * as sqlite from "node:sqlite";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { TaskMasterError } from "../model/errors.ts";
import { makeDirectory } from "./makeDirectory.ts";
import { applicationId, latestVersion, migrate, migrations, readUserVersion, type Migration } from "./migrations.ts";
import { sqliteCode, toStoreError } from "./sqliteErrors.ts";

type SqliteModule = typeof sqlite;

/** An open queue file: ready to use, of today's version. */
export interface OpenedDatabase {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly uuid: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Throws STORE_FAILED when the file at the path is gone or is another one: SQLite would go on writing into nowhere. */
  readonly assertSameFile: () => void;
}

/** Settings for opening; all but tests leave them alone. */
export interface OpenDatabaseOptions {
  /** How long a statement waits for other writers, in milliseconds; default 5000. */
  readonly busyTimeoutMs?: number;
  readonly migrations?: readonly Migration[];
}

const inMemory = ":memory:";
const defaultBusyTimeoutMs = 5000;
const walRetryMs = 10;

/** node:sqlite of the running host; SQLITE_MISSING where there is none. Loaded late, so that the bundle loads everywhere. */
export function loadSqlite(): SqliteModule {
  const load = (process as Partial<Pick<NodeJS.Process, "getBuiltinModule">>).getBuiltinModule;
  const module = load?.call(process, "node:sqlite") as SqliteModule | undefined;
  if (module !== undefined) return module;
  throw new TaskMasterError(
    "SQLITE_MISSING",
    `Task Master needs SQLite, which this host (Node ${process.versions.node}) does not have. Update to VS Code 1.103 or newer, or to Node 22.13 or newer.`,
  );
}

/**
 * Opens or makes a queue database. Directory 0700, file 0600; WAL, foreign keys, synchronous FULL. Never deletes or replaces a file.
 * Throws SQLITE_MISSING, STORE_TOO_NEW, STORE_CORRUPT, STORE_FAILED, DISK_FULL.
 */
export function openDatabase(path: string, options: OpenDatabaseOptions = {}): OpenedDatabase {
  const { DatabaseSync: Database } = loadSqlite();
  const steps = options.migrations ?? migrations;
  let db: DatabaseSync | undefined;
  try {
    if (path !== inMemory) makePrivateFile(path);
    db = new Database(path);
    db.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs ?? defaultBusyTimeoutMs}`);
    assertOurs(db, path, latestVersion(steps));
    enterWal(db, options.busyTimeoutMs ?? defaultBusyTimeoutMs);
    db.exec("PRAGMA foreign_keys = ON");
    db.exec("PRAGMA synchronous = FULL");
    migrate(db, { uuid: randomUUID(), createdAt: Date.now() }, steps);
    return { db, path, ...readIdentity(db, path), assertSameFile: watchFile(path) };
  } catch (error) {
    db?.close();
    throw toStoreError(error, { path, action: "open the queue" });
  }
}

/** Makes the file before SQLite does, to set its mode; an existing one is not opened (closing it would drop SQLite's POSIX locks). */
function makePrivateFile(path: string): void {
  makeDirectory(dirname(path));
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** Reads only, so that a file of another program or of a newer version stays as it is. */
function assertOurs(db: DatabaseSync, path: string, latest: number): void {
  const version = readUserVersion(db);
  const id = Number(db.prepare("PRAGMA application_id").get()?.["application_id"] ?? 0);
  const isEmpty = db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (isEmpty && version === 0 && id === 0) return;
  if (id !== applicationId) {
    throw new TaskMasterError("STORE_CORRUPT", `${path} is a database of another program, not a Task Master queue. It was left as it is.`);
  }
  if (version > latest) {
    throw new TaskMasterError(
      "STORE_TOO_NEW",
      `The queue ${path} has format ${version}; this version of Task Master knows up to ${latest}. Update Task Master to open it.`,
    );
  }
  readIdentity(db, path);
}

/** SQLite may refuse the switch to WAL at once, without its busy timeout, when two processes make the same file. */
function enterWal(db: DatabaseSync, timeoutMs: number): void {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (sqliteCode(error) !== 5 || performance.now() >= end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, walRetryMs);
    }
  }
}

function readIdentity(db: DatabaseSync, path: string): { uuid: string; createdAt: number } {
  const row = db.prepare("SELECT uuid, created_at FROM queue WHERE id = 1").get();
  // The row is a sentinel: SQLite's own integrity check calls an emptied file healthy.
  if (row === undefined) throw new TaskMasterError("STORE_CORRUPT", `The queue ${path} has lost its identity. It was left as it is; restore a copy.`);
  return { uuid: String(row["uuid"]), createdAt: Number(row["created_at"]) };
}

function watchFile(path: string): () => void {
  if (path === inMemory) return () => undefined;
  const { dev, ino } = statSync(path);
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.ino === ino && now.dev === dev) return;
    throw new TaskMasterError("STORE_FAILED", `The queue ${path} was removed or replaced while it was open. Reload the window.`);
  };
}
