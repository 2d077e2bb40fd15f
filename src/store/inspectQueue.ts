/** What is at a queue's place: the queue, or what is wrong with it. Reads only. */
import { statSync } from "node:fs";
import { TaskMasterError } from "../model/errors.ts";
import { openNewestBackup } from "./backups.ts";
import { missingLog } from "./logMarker.ts";
import { ForeignDatabaseError, loadSqlite, openDatabase, type OpenedDatabase } from "./openDatabase.ts";
import { sqliteCode } from "./sqliteErrors.ts";
import { prepareStatements } from "./statements.ts";
import { clearSuspicion, isSuspect } from "./trouble.ts";
import { findLogDamage } from "./walCheck.ts";

/**
 * Up to this size all pages are checked while the queue is opened: 4.7 ms for 3.6 MB (44 ms for 36 MB, 599 ms for 359 MB; measured).
 * A larger one is checked in a worker soon after (`queue.check`), or here when somebody met damage in it.
 */
const checkedAtOnce = 4 * 1024 * 1024;

/** A queue that can be used, or why it cannot. */
export type Inspection =
  | { readonly kind: "whole"; readonly opened: OpenedDatabase; readonly warning?: TaskMasterError }
  | { readonly kind: "gone" | "emptied" }
  | { readonly kind: "damaged"; readonly why: string; readonly prefersBackup?: boolean };

/**
 * Opens a queue that must be there, whole; `uuid` is who it must be, where that is known, and is not looked at otherwise. What is merely
 * locked, read-only, of a newer version or of another program throws, like in openDatabase.
 */
export function inspectQueue(database: string, uuid?: string): Inspection {
  const size = statSync(database, { throwIfNoEntry: false })?.size;
  if (size === undefined) return { kind: "gone" };
  // SQLite would take the empty file for a new queue while another process may still hold the old one in it.
  if (size === 0) return { kind: "emptied" };
  const missing = missingLog(database);
  if (missing?.openIn !== undefined) throw logRemoved(database, missing.openIn);
  const isWithoutLog = missing !== undefined;
  const logDamage = stableLogDamage(database);
  if (logDamage !== undefined) return { kind: "damaged", why: logDamage };
  return openWhole(database, { uuid, isWithoutLog, isSmall: size <= checkedAtOnce });
}

interface Circumstances {
  readonly uuid: string | undefined;
  readonly isWithoutLog: boolean;
  readonly isSmall: boolean;
}

function openWhole(database: string, { uuid, isWithoutLog, isSmall }: Circumstances): Inspection {
  let opened: OpenedDatabase | undefined;
  try {
    opened = openDatabase(database, { isExisting: true });
    prepareStatements(opened.db);
    const why = isSmall || isWithoutLog || isSuspect(database) ? quickCheck(opened) : undefined;
    if (why !== undefined) {
      opened.close();
      return { kind: "damaged", why };
    }
    clearSuspicion(database);
    return isWithoutLog ? withoutLog(opened) : { kind: "whole", opened };
  } catch (thrown) {
    opened?.close();
    return damageOf(thrown, database, uuid);
  }
}

/** Another process may write to the log at this moment: only what looks the same twice counts. */
function stableLogDamage(database: string): string | undefined {
  const first = findLogDamage(`${database}-wal`);
  return first !== undefined && findLogDamage(`${database}-wal`) === first ? first : undefined;
}

function quickCheck({ db }: OpenedDatabase): string | undefined {
  const found = String(db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
  return found === "ok" ? undefined : found.replaceAll(/\s+/g, " ");
}

function withoutLog(opened: OpenedDatabase): Inspection {
  const backup = openNewestBackup(opened.path, opened.uuid);
  const isNewer = backup !== undefined && lastEvent(backup.db) > lastEvent(opened.db);
  backup?.db.close();
  if (isNewer) {
    opened.close();
    return { kind: "damaged", why: "its write-ahead log was removed while it was in use, and a backup is newer than what is left", prefersBackup: true };
  }
  const warning = new TaskMasterError(
    "STORE_RECOVERED",
    `The write-ahead log of the queue (${opened.path}-wal) was removed while it was in use. The queue itself is whole and is used on, but the newest changes may be missing: look at the tasks.`,
  );
  return { kind: "whole", opened, warning };
}

function lastEvent(db: OpenedDatabase["db"]): number {
  return Number(db.prepare("SELECT max(id) AS id FROM events").get()?.["id"] ?? 0);
}

/** SQLite itself would go on with an empty log beside the one that the other process still has. */
function logRemoved(database: string, pid: number): TaskMasterError {
  const message =
    `The write-ahead log of the queue (${database}-wal) was removed while process ${pid} has the queue open. ` +
    "Close that window or end that command, which saves what the log held; then try again.";
  return new TaskMasterError("STORE_FAILED", message, { retryable: true });
}

function damageOf(thrown: unknown, database: string, uuid: string | undefined): Inspection {
  const why = thrown instanceof Error ? thrown.message.replaceAll(/\s+/g, " ") : String(thrown);
  if (thrown instanceof ForeignDatabaseError && (uuid === undefined || readUuid(database) !== uuid)) throw thrown;
  // A table or a column that must be there is not.
  if (sqliteCode(thrown) === 1) return { kind: "damaged", why };
  if (!(thrown instanceof TaskMasterError) || thrown.code !== "STORE_CORRUPT") throw thrown;
  return { kind: "damaged", why: causeOf(thrown) };
}

function causeOf(error: TaskMasterError): string {
  return error.cause instanceof Error ? error.cause.message : "its identity is lost";
}

/** The uuid in a file that does not call itself a queue. */
function readUuid(database: string): string | undefined {
  const { DatabaseSync: Database } = loadSqlite();
  const db = new Database(database);
  try {
    return String(db.prepare("SELECT uuid FROM queue WHERE id = 1").get()?.["uuid"]);
  } catch {
    return undefined;
  } finally {
    db.close();
  }
}
