/**
 * Puts a lost or damaged queue right, under the registry's lock:
 *
 *   note what is done -> move the bad file aside (with -wal and -shm; never deleted) -> build a fresh one beside it from the damaged
 *   file, else from the newest good backup -> move it into place -> forget the note
 *
 * Whoever comes after a kill in the middle finds the note and goes on from there. The fresh queue keeps the uuid.
 */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { TaskMasterError } from "../model/errors.ts";
import { openNewestBackup, type GoodBackup } from "./backups.ts";
import { forgetLogs } from "./logMarker.ts";
import { openDatabase, type OpenedDatabase } from "./openDatabase.ts";
import { openDamagedCopy, removeDatabase, salvage, type Salvaged } from "./salvage.ts";
import { toStoreError } from "./sqliteErrors.ts";
import { clearSuspicion } from "./trouble.ts";

/** What is wrong with a queue. */
export interface Damage {
  /** The rest of a sentence that begins with the queue: "is gone", "is damaged (...)". */
  readonly what: string;
  /** What the file kept aside is called: `queue.db.<label>-<number>`. */
  readonly label: "damaged" | "lost" | "replaced";
  /** Known from the registry; else from a backup. */
  readonly uuid?: string;
  /** Whether the backup is known to be newer than the file. */
  readonly prefersBackup?: boolean;
}

/** A queue that was put right, and the words for it (STORE_RECOVERED). */
export interface Recovered {
  readonly opened: OpenedDatabase;
  readonly warning: TaskMasterError;
}

interface Note extends Damage {
  readonly aside: string;
}

interface Yield {
  readonly salvaged: Salvaged | undefined;
  readonly restored: Salvaged | undefined;
  readonly backupAt: number | undefined;
}

const suffixes = ["", "-wal", "-shm"] as const;

/** Whether a recovery of this queue was begun and not ended. */
export function isRecovering(database: string): boolean {
  return existsSync(noteOf(database));
}

/** Puts a damaged queue right. Only under the registry's lock, and after a look under it. */
export function recover(database: string, damage: Damage): Recovered {
  return withStoreErrors(database, () => {
    const note: Note = { ...damage, aside: freeName(database, damage.label) };
    rmSync(`${database}.rebuilt`, { force: true });
    writeNote(database, note);
    return finish(database, note);
  });
}

/** Ends a recovery that was begun by a process that is gone. Only under the registry's lock. */
export function finishRecovery(database: string): Recovered {
  return withStoreErrors(database, () => finish(database, JSON.parse(readFileSync(noteOf(database), "utf8")) as Note));
}

/** Moves a database and what SQLite keeps beside it out of the way, under a name that is free; returns the names of those that hold something. */
export function keepAside(database: string, label: Damage["label"]): readonly string[] {
  return withStoreErrors(database, () => {
    const aside = freeName(database, label);
    moveAside(database, aside);
    return remainsOf(aside);
  });
}

function finish(database: string, note: Note): Recovered {
  const fresh = `${database}.rebuilding`;
  // Both are there only when the fresh file is in its place already.
  const isInPlace = existsSync(database) && existsSync(`${database}.rebuilt`);
  let result: Yield;
  if (isInPlace) result = JSON.parse(readFileSync(`${database}.rebuilt`, "utf8")) as Yield;
  else {
    moveAside(database, note.aside);
    result = build(database, fresh, note);
    writeFileSync(`${database}.rebuilt`, JSON.stringify(result), { mode: 0o600 });
    renameSync(fresh, database);
  }
  // The note last: as long as it is there, all of this may be done once more.
  rmSync(`${database}.rebuilt`, { force: true });
  clearSuspicion(database);
  rmSync(noteOf(database), { force: true });
  const opened = openDatabase(database, { isExisting: true });
  return { opened, warning: new TaskMasterError("STORE_RECOVERED", words(database, note, result)) };
}

/** Moves what is at the queue's place, unless it was moved before. */
function moveAside(database: string, aside: string): void {
  for (const suffix of suffixes) {
    if (existsSync(database + suffix) && !existsSync(aside + suffix)) renameSync(database + suffix, aside + suffix);
  }
  forgetLogs(database);
}

function build(database: string, fresh: string, note: Note): Yield {
  removeDatabase(fresh);
  const backup = openNewestBackup(database, note.uuid);
  const copy = `${database}.salvaging`;
  try {
    const identity = { uuid: note.uuid ?? backup?.uuid ?? randomUUID(), createdAt: Date.now() };
    const opened = openDatabase(fresh, { identity });
    try {
      return fill(opened, note, { copy, backup });
    } finally {
      opened.close();
      syncFile(fresh);
    }
  } finally {
    backup?.db.close();
    removeDatabase(copy);
  }
}

function fill({ db }: OpenedDatabase, note: Note, { copy, backup }: { readonly copy: string; readonly backup: GoodBackup | undefined }): Yield {
  const damaged = existsSync(note.aside) && note.label === "damaged" ? openDamagedCopy(note.aside, copy) : undefined;
  try {
    db.exec("BEGIN");
    const early = note.prefersBackup === true ? restore(backup, db) : undefined;
    const salvaged = damaged === undefined ? undefined : salvage(damaged, db);
    // What was read whole needs no older copy; a task that was deleted would come back with it.
    const restored = early ?? (salvaged?.isPartial === false ? undefined : restore(backup, db));
    db.exec("COMMIT");
    return { salvaged, restored, backupAt: backup?.madeAt };
  } finally {
    damaged?.close();
  }
}

function restore(backup: GoodBackup | undefined, target: OpenedDatabase["db"]): Salvaged | undefined {
  return backup === undefined ? undefined : salvage(backup.db, target);
}

function words(database: string, { what, aside }: Note, { salvaged, restored, backupAt }: Yield): string {
  const kept = remainsOf(aside);
  const tasks = (count: number): string => `${count} task${count === 1 ? "" : "s"}`;
  const from: string[] = [];
  if (salvaged !== undefined) from.push(`${tasks(salvaged.tasks)} from the file itself${salvaged.isPartial ? ", which could not be read whole" : ""}`);
  if (restored !== undefined && backupAt !== undefined) {
    from.push(`${tasks(restored.tasks)} from the backup of ${new Date(backupAt).toISOString()} as they were then; what changed since is not in it`);
  }
  return [
    `The queue ${database} ${what}.`,
    ...(kept.length === 0 ? [] : [`It was kept as ${kept.join(" and ")}.`]),
    from.length === 0 ? "No task could be recovered, and there is no backup: a new, empty queue was started." : `Recovered: ${from.join("; ")}.`,
    "The tasks' branches (tm/...) in the repository were left alone; their commits name the task (Task-Master-Id).",
  ].join(" ");
}

/** The index of the log says nothing without the log. */
function remainsOf(aside: string): readonly string[] {
  return ["", "-wal"].map((suffix) => aside + suffix).filter((file) => existsSync(file) && statSync(file).size > 0);
}

function freeName(database: string, label: string): string {
  let number = 1;
  while (suffixes.some((suffix) => existsSync(`${database}.${label}-${number}${suffix}`))) number += 1;
  return `${database}.${label}-${number}`;
}

function noteOf(database: string): string {
  return `${database}.recovery.json`;
}

function writeNote(database: string, note: Note): void {
  const half = `${noteOf(database)}.tmp`;
  writeFileSync(half, JSON.stringify(note), { mode: 0o600 });
  syncFile(half);
  renameSync(half, noteOf(database));
}

function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function withStoreErrors<T>(database: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error, { path: database, action: "recover the queue" });
  }
}
