import { openDatabase } from "../../src/store/openDatabase.ts";
import { encodeTask } from "../../src/store/rowCodec.ts";
import { prepareStatements } from "../../src/store/statements.ts";
import { taskAt } from "./benchTasks.ts";

const portion = 20_000;

/** Makes a queue with so many tasks, past the store: in few large transactions that need not be durable. */
export function writeManyTasks(file: string, count: number, now: number): void {
  const { db, close } = openDatabase(file);
  try {
    db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 50000");
    const { insertTask } = prepareStatements(db);
    for (let first = 0; first < count; first += portion) {
      db.exec("BEGIN");
      for (let index = first; index < Math.min(count, first + portion); index++) {
        const task = taskAt(index, now);
        insertTask.run(...encodeTask(task), task.createdAt, task.id);
      }
      db.exec("COMMIT");
    }
  } finally {
    close();
  }
}
