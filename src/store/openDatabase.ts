import type * as sqlite from "node:sqlite";
import { randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { TaskMasterError } from "../model/errors.ts";
import { FileWatch } from "./fileWatch.ts";
import { noteLogInUse } from "./logMarker.ts";
import { makeDirectory } from "./makeDirectory.ts";
import { applicationId, latestVersion, migrate, migrations, readUserVersion, type Migration, type QueueIdentity } from "./migrations.ts";
import { sqliteCode, toStoreError } from "./sqliteErrors.ts";

type SqliteModule = typeof sqlite;

/** An open queue file: ready to use, of today's version. */
export interface OpenedDatabase {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly uuid: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Throws STORE_FAILED when the file at the path is no longer the one that is open (fileWatch.ts). */
  readonly assertSameFile: () => void;
  /** Throws STORE_TOO_NEW when another process has brought the queue to a later format since; for use inside a transaction. */
  readonly assertSameFormat: () => void;
  /** Closes the connection; the last one of all processes takes the write-ahead log into the file. */
  readonly close: () => void;
}

/** A healthy database that is not a queue: whoever put it there may need it. */
export class ForeignDatabaseError extends TaskMasterError {
  constructor(path: string) {
    super("STORE_CORRUPT", `${path} is a database of another program, not a Task Master queue. It was left as it is.`);
  }
}

/** Settings for opening; all but tests leave them alone. */
export interface OpenDatabaseOptions {
  /** How long a statement waits for other writers, in milliseconds; default 5000. */
  readonly busyTimeoutMs?: number;
  readonly migrations?: readonly Migration[];
  /** What a new queue shall be; default: one of its own. */
  readonly identity?: QueueIdentity;
  /** The file must hold a queue already (STORE_CORRUPT); by default an empty one becomes a queue. */
  readonly isExisting?: boolean;
}

const inMemory = ":memory:";
const defaultBusyTimeoutMs = 5000;
const walRetryMs = 10;
/**
 * The log is taken into the file when it has so many pages (16 MB; SQLite's own limit is 1000). Each time that holds whoever writes for
 * the time of two fsyncs, so under sixteen streams it should be seldom: transactions of 256 events took p95 1.3 ms instead of 14 (measured).
 */
const walPages = 4_000;

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
    const isNew = assertOurs(db, path, latestVersion(steps));
    if (isNew && options.isExisting === true) throw new TaskMasterError("STORE_CORRUPT", `The queue ${path} holds nothing any more.`);
    enterWal(db, options.busyTimeoutMs ?? defaultBusyTimeoutMs);
    db.exec(`PRAGMA wal_autocheckpoint = ${walPages}`);
    db.exec("PRAGMA foreign_keys = ON");
    db.exec("PRAGMA synchronous = FULL");
    migrate(db, options.identity ?? { uuid: randomUUID(), createdAt: Date.now() }, steps);
    // The identity is to be in the file itself: without the log the file would look like none of ours.
    if (isNew) db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return describe(db, path);
  } catch (error) {
    db?.close();
    throw toStoreError(error, { path, action: "open the queue" });
  }
}

function describe(db: DatabaseSync, path: string): OpenedDatabase {
  const identity = readIdentity(db, path);
  const version = readUserVersion(db);
  const readVersion = db.prepare("PRAGMA user_version");
  const assertSameFormat = (): void => {
    const now = Number(readVersion.get()?.["user_version"]);
    if (now > version) throw tooNew(path, now, version);
  };
  if (path === inMemory) return { db, path, ...identity, assertSameFile: () => undefined, assertSameFormat, close: () => db.close() };
  const watch = new FileWatch(db, path, identity.uuid);
  const forgetLog = noteLogInUse(path);
  const close = (): void => {
    forgetLog();
    db.close();
  };
  return { db, path, ...identity, assertSameFile: () => watch.assertSame(), assertSameFormat, close };
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

/** True for an empty file. Reads only, so that a file of another program or of a newer version stays as it is. */
function assertOurs(db: DatabaseSync, path: string, latest: number): boolean {
  const version = readUserVersion(db);
  const id = Number(db.prepare("PRAGMA application_id").get()?.["application_id"] ?? 0);
  const isEmpty = db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (isEmpty && version === 0 && id === 0) return true;
  if (id !== applicationId) throw new ForeignDatabaseError(path);
  if (version > latest) throw tooNew(path, version, latest);
  readIdentity(db, path);
  return false;
}

function tooNew(path: string, version: number, known: number): TaskMasterError {
  return new TaskMasterError(
    "STORE_TOO_NEW",
    `The queue ${path} has format ${version}; this version of Task Master knows up to ${known}. Update Task Master to open it, and reload windows that were open before.`,
  );
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
