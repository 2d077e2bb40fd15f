import { statSync } from "node:fs";
import { listBackups } from "./backups.ts";

/** How much room a queue takes, in bytes, and its backups. */
export interface QueueSize {
  /** The database with its write-ahead log. */
  readonly database: number;
  readonly backups: readonly { readonly size: number; readonly madeAt: number }[];
}

/** Looks at the files only. */
export function queueSize(database: string): QueueSize {
  const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return { database: sizeOf(database) + sizeOf(`${database}-wal`), backups: listBackups(database).map(({ size, madeAt }) => ({ size, madeAt })) };
}

/** The size in a phrase: "1.2 MB, 2 backups (2.1 MB, the newest of 2026-01-02T03:04:05.000Z)". */
export function sizeText({ database, backups }: QueueSize): string {
  const [newest] = backups;
  if (newest === undefined) return `${megabytes(database)}, no backup yet`;
  const all = megabytes(backups.reduce((sum, { size }) => sum + size, 0));
  return `${megabytes(database)}, ${backups.length} backup${backups.length === 1 ? "" : "s"} (${all}, the newest of ${new Date(newest.madeAt).toISOString()})`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
