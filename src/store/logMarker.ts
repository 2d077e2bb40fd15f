/**
 * Files beside the database, one for each process that has it open, that are there while its write-ahead log must be: a log that
 * somebody removed can so be told from one that was never there (SQLite calls the file healthy without it, and the newest changes are
 * gone without a word).
 *
 * Made when the database is open, removed before it is closed: where there is one, there is a log. Those that killed processes left
 * are removed by the next one that opens the database and takes their log in, and by each that closes it: the last one takes the log away.
 */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const infix = ".log-in-use-";

/** To be called when the database is open; what it returns is to be called before it is closed. */
export function noteLogInUse(database: string): () => void {
  forgetDead(database);
  const own = `${database}${infix}${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    closeSync(openSync(own, "wx", 0o600));
  } catch {
    // Without it only this one kind of damage goes unnoticed.
  }
  return () => {
    rmSync(own, { force: true });
    // A log that was removed is still to be told of.
    if (existsSync(`${database}-wal`)) forgetDead(database);
  };
}

function forgetDead(database: string): void {
  for (const { path, pid } of markersOf(database)) if (!isAlive(pid)) rmSync(path, { force: true });
}

/** The log is not there though it was in use: by processes that are gone, or by one that still has the database open. */
export function missingLog(database: string): { readonly openIn?: number } | undefined {
  if (existsSync(`${database}-wal`)) return undefined;
  const markers = markersOf(database);
  if (markers.length === 0) return undefined;
  const alive = markers.find(({ pid }) => isAlive(pid));
  return alive === undefined ? {} : { openIn: alive.pid };
}

/** The database is no longer the one that was open. */
export function forgetLogs(database: string): void {
  for (const { path } of markersOf(database)) rmSync(path, { force: true });
}

function markersOf(database: string): readonly { readonly path: string; readonly pid: number }[] {
  const start = basename(database) + infix;
  try {
    const names = readdirSync(dirname(database)).filter((name) => name.startsWith(start));
    return names.map((name) => ({ path: join(dirname(database), name), pid: Number.parseInt(name.slice(start.length), 10) }));
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process cannot be asked, but is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
