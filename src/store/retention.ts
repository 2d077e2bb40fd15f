import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TaskId } from "../model/ids.ts";
import { passingEventTypes } from "../model/taskEvent.ts";
import type { Journal } from "./journal.ts";
import type { Transactions } from "./transactions.ts";

/** What one slice of the compaction did. */
export interface CompactedSlice {
  readonly removed: number;
  /** Whether the end of the queue was reached. */
  readonly isLast: boolean;
}

/** One slice is one short transaction per task; removing 1,000 entries takes about 5 ms (measured), which is also how long others wait. */
const entriesPerSlice = 1000;
const tasksPerSlice = 50;

const isOldSql = `status IN ('done', 'failed', 'cancelled') AND CAST(json_extract(body, '$.updatedAt') AS INTEGER) < ?`;
const passing = `(${[...passingEventTypes].map((type) => `'${type}'`).join(", ")})`;

/**
 * Removes what only tells how the work went from the journals of tasks that ended long ago. Rows, attempts and the entries that tell
 * the story stay. The newest entry of the table is never removed (changeFeed.ts): the `compacted` entry is written before. Numbers
 * are not given anew; readers page by number and pass over what is gone.
 */
export class Retention {
  readonly #transactions: Transactions;
  readonly #journal: Journal;
  readonly #old: StatementSync;
  readonly #isOld: StatementSync;
  readonly #count: StatementSync;
  readonly #passing: StatementSync;
  readonly #remove: StatementSync;
  /** Row of the last task that was looked at in this round. */
  #cursor = 0;

  constructor(db: DatabaseSync, transactions: Transactions, journal: Journal) {
    this.#transactions = transactions;
    this.#journal = journal;
    this.#old = db.prepare(`SELECT rowid AS place, id FROM tasks WHERE rowid > ? AND ${isOldSql} ORDER BY rowid LIMIT ${tasksPerSlice}`);
    this.#isOld = db.prepare(`SELECT 1 FROM tasks WHERE id = ? AND ${isOldSql}`);
    this.#count = db.prepare("SELECT count(*) AS entries, max(seq) AS seq FROM events WHERE task_id = ?");
    this.#passing = db.prepare(`SELECT count(*) AS entries FROM events WHERE task_id = ? AND type IN ${passing}`);
    this.#remove = db.prepare(`DELETE FROM events WHERE id IN (SELECT id FROM events WHERE task_id = ? AND type IN ${passing} ORDER BY seq LIMIT ?)`);
  }

  /** Goes on where the last slice ended; after the last one a new round begins. */
  slice(endedBefore: number, now: number): CompactedSlice {
    let removed = 0;
    const tasks = this.#old.all(this.#cursor, endedBefore);
    for (const task of tasks) {
      const left = entriesPerSlice - removed;
      removed += this.#compact(task["id"] as TaskId, { endedBefore, now, atMost: left });
      // The task may have more: it is looked at again.
      if (removed >= entriesPerSlice) return { removed, isLast: false };
      this.#cursor = Number(task["place"]);
    }
    if (tasks.length === tasksPerSlice) return { removed, isLast: false };
    this.#cursor = 0;
    return { removed, isLast: true };
  }

  #compact(id: TaskId, { endedBefore, now, atMost }: { endedBefore: number; now: number; atMost: number }): number {
    if (this.#passingOf(id) === 0) return 0;
    return this.#transactions.run("normal", () => {
      // Somebody may have taken it up again.
      if (this.#isOld.get(id, endedBefore) === undefined) return 0;
      const count = this.#count.get(id);
      const before = Number(count?.["seq"]) - Number(count?.["entries"]);
      const found = this.#passingOf(id);
      const removing = Math.min(atMost, found);
      if (removing === found) this.#journal.append(id, [{ type: "compacted", removed: before + removing, attempt: 0, at: now }]);
      return Number(this.#remove.run(id, removing).changes);
    });
  }

  #passingOf(id: TaskId): number {
    return Number(this.#passing.get(id)?.["entries"]);
  }
}
