/**
 * The per-user list of queues: which database belongs to which repository (product.md section 5). It holds pointers only;
 * when it is lost, every database is found again at its own place.
 *
 * The lock is an empty SQLite file held with BEGIN EXCLUSIVE: the operating system frees it when its holder dies, so there
 * is no stale lock to judge by pid or age (reliability.md section c, "Two windows").
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TaskMasterError } from "../model/errors.ts";
import { makeDirectory } from "./makeDirectory.ts";
import { loadSqlite } from "./openDatabase.ts";
import { sqliteCode, toStoreError } from "./sqliteErrors.ts";

/** Where a repository's queue is, and which one it must be. */
export interface RegistryEntry {
  /** Absolute path of the database. */
  readonly database: string;
  readonly uuid: string;
}

/** What decides where a user's data lives. */
export interface UserDirectoryOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
}

/** What the registry holds, by real path of the git common directory; `warning` (REGISTRY_CORRUPT) when it had to start anew. */
export interface RegistryContents {
  readonly entries: ReadonlyMap<string, RegistryEntry>;
  readonly warning?: TaskMasterError;
}

const directoryName = "task-master-goose";
const fileName = "queues.json";
const format = 1;
const lockRetryMs = 20;
const defaultLockTimeoutMs = 20_000;

/** The user's data directory by the custom of the platform; a relative XDG_DATA_HOME is ignored, as its specification asks. */
export function userDataDirectory({ env = process.env, platform = process.platform }: UserDirectoryOptions = {}): string {
  const home = homedir();
  if (platform === "win32") return env["LOCALAPPDATA"] ?? join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Application Support");
  const xdg = env["XDG_DATA_HOME"];
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(env["HOME"] ?? home, ".local", "share");
}

/** See the header of this file. Throws STORE_FAILED or DISK_FULL when the directory cannot be used. */
export class QueueRegistry {
  /** `<data directory>/task-master-goose` */
  readonly directory: string;
  readonly #file: string;
  readonly #lockTimeoutMs: number;

  constructor(dataDirectory: string, lockTimeoutMs = defaultLockTimeoutMs) {
    this.directory = join(dataDirectory, directoryName);
    this.#file = join(this.directory, fileName);
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  /** Runs work while no other process (or caller in this one) does; waits for its turn. */
  async withLock<T>(work: () => T): Promise<T> {
    const lock = await this.#lock();
    try {
      return work();
    } finally {
      // Closing ends the transaction and frees the lock.
      lock.close();
    }
  }

  /** A damaged file is kept aside as `queues.json.corrupt-<n>`. Only under the lock. */
  read(): RegistryContents {
    try {
      if (!existsSync(this.#file)) return { entries: new Map() };
      const entries = parseEntries(readFileSync(this.#file, "utf8"));
      return entries === undefined ? { entries: new Map(), warning: this.#keepAside() } : { entries };
    } catch (error) {
      throw toStoreError(error, { path: this.#file, action: "read the list of queues" });
    }
  }

  /** Replaces the file as a whole. Only under the lock. */
  write(entries: ReadonlyMap<string, RegistryEntry>): void {
    const temporary = `${this.#file}.tmp`;
    try {
      // Left by a write that failed or was killed.
      rmSync(temporary, { force: true });
      const file = openSync(temporary, "wx", 0o600);
      try {
        writeSync(file, `${JSON.stringify({ format, queues: Object.fromEntries(entries) }, undefined, 2)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.#file);
    } catch (error) {
      throw toStoreError(error, { path: this.#file, action: "write the list of queues" });
    }
  }

  #keepAside(): TaskMasterError {
    let number = 1;
    while (existsSync(`${this.#file}.corrupt-${number}`)) number += 1;
    const aside = `${this.#file}.corrupt-${number}`;
    renameSync(this.#file, aside);
    return new TaskMasterError(
      "REGISTRY_CORRUPT",
      `The list of queues ${this.#file} was damaged. It was kept as ${aside} and started anew; each queue is listed again when it is opened.`,
    );
  }

  async #lock(): Promise<{ close(): void }> {
    const path = `${this.#file}.lock`;
    const end = performance.now() + this.#lockTimeoutMs;
    for (;;) {
      try {
        return this.#tryLock(path);
      } catch (error) {
        if (sqliteCode(error) !== 5 || performance.now() >= end) throw toStoreError(error, { path, action: "lock the list of queues" });
      }
      await delay(lockRetryMs);
    }
  }

  #tryLock(path: string): { close(): void } {
    const { DatabaseSync: Database } = loadSqlite();
    makeDirectory(this.directory);
    // The mode of a file that SQLite makes cannot be set; "wx" never opens an existing one.
    if (!existsSync(path)) createPrivately(path);
    const db = new Database(path);
    try {
      db.exec("PRAGMA busy_timeout = 0");
      db.exec("BEGIN EXCLUSIVE");
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  }
}

function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

/** Undefined when the text is no registry; single entries that make no sense are dropped. */
function parseEntries(text: string): ReadonlyMap<string, RegistryEntry> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const queues: unknown = isObject(value) ? value["queues"] : undefined;
  if (!isObject(queues)) return undefined;
  return new Map(Object.entries(queues).flatMap(([key, entry]) => (isEntry(entry) ? [[key, { database: entry.database, uuid: entry.uuid }] as const] : [])));
}

function isEntry(value: unknown): value is RegistryEntry {
  return isObject(value) && typeof value["uuid"] === "string" && typeof value["database"] === "string" && isAbsolute(value["database"]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
