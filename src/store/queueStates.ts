import type { JsonObject } from "../base/json.ts";
import { TaskMasterError } from "../model/errors.ts";
import { parseObject, textOf, type Row } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** What concerns the queue as a whole, by name. Throws SQLite's errors. */
export class QueueStates {
  readonly #statements: Statements;
  readonly #onBadRow: ((error: TaskMasterError) => void) | undefined;

  /** What is damaged is told to `onBadRow` and counts as not there. */
  constructor(statements: Statements, onBadRow: ((error: TaskMasterError) => void) | undefined) {
    this.#statements = statements;
    this.#onBadRow = onBadRow;
  }

  all(): ReadonlyMap<string, JsonObject> {
    return new Map(this.#statements.states.all().flatMap((row) => this.#decode(row)));
  }

  get(name: string): JsonObject | undefined {
    const row = this.#statements.getState.get(name);
    return row === undefined ? undefined : this.#decode({ ...row, name })[0]?.[1];
  }

  /** Only inside a write transaction. */
  put(name: string, body: JsonObject): void {
    this.#statements.putState.run(name, JSON.stringify(body));
  }

  /** False when it is no longer what was read; only inside a write transaction. */
  replace(name: string, before: JsonObject | undefined, after: JsonObject | undefined): boolean {
    if (JSON.stringify(this.get(name)) !== JSON.stringify(before)) return false;
    if (after === undefined) this.#statements.dropState.run(name);
    else this.put(name, after);
    return true;
  }

  #decode(row: Row): [string, JsonObject][] {
    const name = textOf(row["name"]);
    try {
      return [[name, parseObject(row["body"], `the state ${name} of the queue`)]];
    } catch (error) {
      if (!(error instanceof TaskMasterError)) throw error;
      this.#onBadRow?.(error);
      return [];
    }
  }
}
