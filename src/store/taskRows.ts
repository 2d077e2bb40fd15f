import type { Task } from "../model/task.ts";
import { encodeTask, placeColumns, type Row } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** Writes the tasks table; only inside a write transaction. Throws SQLite's errors. */
export class TaskRows {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  insert(task: Task): void {
    this.#statements.insertTask.run(...encodeTask(task), task.createdAt, task.id);
  }

  /** Stores a task of which a row is there. With `stored`, its head as it is now, the indexes are left alone where nothing moves. */
  put(task: Task, stored?: Row): void {
    const values = encodeTask(task);
    const stays = stored !== undefined && placeColumns.every((column, place) => stored[column] === values[place]);
    if (stays) this.#statements.updateContent.run(...values.slice(placeColumns.length), task.id);
    else this.#statements.updateTask.run(...values, task.id);
  }
}
