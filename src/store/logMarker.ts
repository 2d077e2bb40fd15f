/**
 * A file beside the database that is there while its write-ahead log is: a log that somebody removed can be told from one that
 * was never there (SQLite calls the file healthy without it, and the newest changes are gone without a word).
 */
import { closeSync, existsSync, openSync, rmSync } from "node:fs";

/** To be called when the database is open. */
export function noteLogInUse(database: string): void {
  try {
    closeSync(openSync(markerOf(database), "a", 0o600));
  } catch {
    // Without it only this one kind of damage goes unnoticed.
  }
}

/** To be called when the connection is closed. */
export function forgetLog(database: string): void {
  if (!existsSync(`${database}-wal`)) rmSync(markerOf(database), { force: true });
}

/** Whether the log is not there though it was in use. */
export function isLogMissing(database: string): boolean {
  return existsSync(markerOf(database)) && !existsSync(`${database}-wal`);
}

function markerOf(database: string): string {
  return `${database}.log-in-use`;
}
