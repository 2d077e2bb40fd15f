import type * as sqlite from "node:sqlite";
import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";

const [corrupt, notADatabase] = [11, 26];

/** Opens a database for reading. Its last connection in the process may be another thread's: SQLite counts them together. */
export function openForReading(path: string): sqlite.DatabaseSync {
  const { DatabaseSync: Database } = process.getBuiltinModule("node:sqlite");
  return new Database(path, { readOnly: true });
}

/** The first column of the first row. */
export function firstValue(db: sqlite.DatabaseSync, sql: string): unknown {
  return Object.values(db.prepare(sql).get() ?? {})[0];
}

/** quick_check of a whole database: 44 ms for 36 MB, 599 ms for 359 MB (measured). */
export function checkQueue({ database }: HandlerInput<"queue.check">): HandlerOutput<"queue.check"> {
  let db: sqlite.DatabaseSync | undefined;
  try {
    db = openForReading(database);
    const found = String(firstValue(db, "PRAGMA quick_check(1)"));
    return found === "ok" ? {} : { damage: found.replaceAll(/\s+/g, " ") };
  } catch (thrown) {
    const code = thrown instanceof Error && "errcode" in thrown ? Number(thrown.errcode) & 0xff : 0;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (code === corrupt || code === notADatabase) return { damage: message };
    throw new TaskMasterError("STORE_FAILED", `The queue ${database} could not be checked: ${message}.`, { cause: thrown, retryable: true });
  } finally {
    db?.close();
  }
}
