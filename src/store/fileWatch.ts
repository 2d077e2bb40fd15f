import { statSync, type Stats } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { TaskMasterError } from "../model/errors.ts";

const nothingLost = "Nothing more is written to it. Reload the window, or end the command and start it again, to open what is there now.";

/**
 * Whether the files that SQLite has open are still the queue's. SQLite itself does not look: it writes into a deleted or
 * replaced file, and answers from its cache when another program wrote over it.
 *
 * One look costs three calls of stat (2.8 µs, measured). When the file's time changed (after a checkpoint, or because somebody wrote
 * over it), the sentinel, the uuid, is read past the cache; when it became smaller, its pages are checked.
 */
export class FileWatch {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #uuid: string;
  readonly #sentinel: StatementSync;
  /** The file, its write-ahead log and the log's index: SQLite keeps all three as long as it is open. */
  readonly #inodes: readonly (string | undefined)[];
  #mtimeMs: number;
  #size: number;
  /** What is written over stays bad. */
  #failure: TaskMasterError | undefined;

  /** The connection must have read once, so that the log is there. */
  constructor(db: DatabaseSync, path: string, uuid: string) {
    this.#db = db;
    this.#path = path;
    this.#uuid = uuid;
    this.#sentinel = db.prepare("SELECT uuid FROM queue WHERE id = 1");
    this.#inodes = this.#files().map((file) => inodeOf(statOf(file)));
    const stats = statOf(path);
    this.#mtimeMs = stats?.mtimeMs ?? 0;
    this.#size = stats?.size ?? 0;
  }

  /** Throws STORE_FAILED (gone, replaced) or SQLite's error (damaged); never inside a transaction. */
  assertSame(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const [file, log, index] = this.#files().map(statOf);
    const [ownFile, ownLog, ownIndex] = this.#inodes;
    if (file === undefined) throw this.#failed("was removed while it was open");
    if (inodeOf(file) !== ownFile) throw this.#failed("was replaced while it was open");
    if (file.size === 0) throw this.#failed("was emptied while it was open");
    if (inodeOf(log) !== ownLog || inodeOf(index) !== ownIndex) throw this.#logFailed();
    if (file.mtimeMs === this.#mtimeMs) return;
    this.#look(file);
    this.#mtimeMs = file.mtimeMs;
    this.#size = file.size;
  }

  #look({ size }: Stats): void {
    this.#db.exec("PRAGMA shrink_memory");
    if (this.#sentinel.get()?.["uuid"] !== this.#uuid) {
      this.#failure = this.#failed("was written over by another program while it was open");
      throw this.#failure;
    }
    if (size >= this.#size) return;
    // Another tool may have tidied it up; or it was cut.
    const found = this.#db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (found === "ok") return;
    this.#failure = this.#failed("was cut while it was open");
    throw this.#failure;
  }

  #files(): readonly string[] {
    return [this.#path, `${this.#path}-wal`, `${this.#path}-shm`];
  }

  #failed(what: string): TaskMasterError {
    return new TaskMasterError("STORE_FAILED", `The queue ${this.#path} ${what}. ${nothingLost}`);
  }

  #logFailed(): TaskMasterError {
    return new TaskMasterError(
      "STORE_FAILED",
      `The write-ahead log of the queue (${this.#path}-wal) was removed or replaced while it was open. Nothing more is written, and nothing is lost yet: ` +
        "reload every window and end every command on this repository, so that the last of them saves what the log held.",
    );
  }
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

function inodeOf(stats: Stats | undefined): string | undefined {
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}
