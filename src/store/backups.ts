/**
 * Copies of the queue beside it, in `backups/`. A worker makes and checks them (`queue.backup`); here they are found again. A backup is a
 * file of its own that nobody has open, so it may be read with any tool.
 */
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { backupDirectory, isBackupName } from "../model/identifiers.ts";
import { applicationId, latestVersion, readUserVersion } from "./migrations.ts";
import { loadSqlite } from "./openDatabase.ts";

/** A file in the folder of backups. */
export interface BackupFile {
  readonly path: string;
  readonly size: number;
  /** When it was made, in milliseconds since the epoch. */
  readonly madeAt: number;
}

/** An opened backup that is whole. */
export interface GoodBackup extends BackupFile {
  readonly db: DatabaseSync;
  readonly uuid: string;
}

/** The newest first; none when there is no folder of them. */
export function listBackups(database: string): readonly BackupFile[] {
  const directory = join(dirname(database), backupDirectory);
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  const files = names.filter(isBackupName).flatMap((name) => {
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, size: stats.size, madeAt: stats.mtimeMs }];
  });
  return files.toSorted((a, b) => b.madeAt - a.madeAt);
}

/** The newest backup that is whole and of the queue with this uuid (of any, when it is not known); to be closed by the caller. */
export function openNewestBackup(database: string, uuid: string | undefined): GoodBackup | undefined {
  for (const file of listBackups(database)) {
    const good = openBackup(file, uuid);
    if (good !== undefined) return good;
  }
  return undefined;
}

function openBackup(file: BackupFile, uuid: string | undefined): GoodBackup | undefined {
  const { DatabaseSync: Database } = loadSqlite();
  let db: DatabaseSync | undefined;
  try {
    db = new Database(file.path, { readOnly: true });
    const first = (sql: string): unknown => Object.values(db?.prepare(sql).get() ?? {})[0];
    const found = String(first("SELECT uuid FROM queue WHERE id = 1"));
    const isOurs = first("PRAGMA application_id") === applicationId && readUserVersion(db) <= latestVersion() && (uuid === undefined || found === uuid);
    if (isOurs && first("PRAGMA quick_check(1)") === "ok") return { ...file, db, uuid: found };
  } catch {
    // The next one may be whole.
  }
  db?.close();
  return undefined;
}
