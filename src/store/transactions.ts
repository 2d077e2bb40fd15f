import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { OpenedDatabase } from "./openDatabase.ts";

/** full: on the disk before the call returns; normal: survives a crash of the process, the newest may be lost with the power. */
export type Durability = "full" | "normal";

/** A streamed batch takes 15 µs, a look at the files 3 to 10 (measured). */
const lookEveryMs = 50;

/** Runs work in BEGIN IMMEDIATE transactions with the durability it needs. Throws what the work or SQLite throws, after a rollback. */
export class Transactions {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #opened: Pick<OpenedDatabase, "assertSameFile" | "assertSameFormat">;
  /** openDatabase leaves the connection at FULL. */
  #durability: Durability = "full";

  #lookedAt = -Infinity;

  /** The assertions throw when what is written would not be found again, or not be understood. */
  constructor(db: DatabaseSync, opened: Pick<OpenedDatabase, "assertSameFile" | "assertSameFormat">) {
    this.#db = db;
    this.#opened = opened;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
  }

  /** What is confirmed as durable is in the file at the queue's path: looked at before, and again at the end. Streams look now and then. */
  run<T>(durability: Durability, work: () => T): T {
    if (durability === "full" || performance.now() - this.#lookedAt >= lookEveryMs) this.look();
    this.#setDurability(durability);
    this.#begin.run();
    try {
      this.#opened.assertSameFormat();
      const result = work();
      this.#commit.run();
      if (durability === "full") this.look();
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Throws when what is written would not be found again. */
  look(): void {
    // After a failure every write looks.
    this.#lookedAt = -Infinity;
    this.#opened.assertSameFile();
    this.#lookedAt = performance.now();
  }

  /** SQLite ignores the pragma inside a transaction, so it is switched before. */
  #setDurability(durability: Durability): void {
    if (durability === this.#durability) return;
    this.#db.exec(durability === "full" ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    this.#durability = durability;
  }

  /** A full disk has already rolled back: a second ROLLBACK would hide the first error. (Hosts before Node 22.16 do not tell.) */
  #rollback(): void {
    if (this.#db.isTransaction === false) return;
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // The first error tells more.
    }
  }
}
