import type { TaskId } from "../model/ids.ts";
import type { Attempt } from "../model/task.ts";
import type { NewTaskEvent } from "../model/taskEvent.ts";
import { foldIntoAttempt, mergeAttempt } from "./mergeWrites.ts";
import { decodeAttempt, encodeAttempt } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** The attempts table. Throws SQLite's errors. */
export class AttemptRows {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** In order of their number. */
  list(taskId: TaskId): Attempt[] {
    return this.#statements.listAttempts.all(taskId).map(decodeAttempt);
  }

  /** Stores an attempt of a state write with these events; only inside its transaction. */
  put(written: Attempt, events: readonly NewTaskEvent[]): void {
    const row = this.#statements.getAttempt.get(written.taskId, written.number);
    this.#store(mergeAttempt(written, row === undefined ? undefined : decodeAttempt(row), events));
  }

  /** Folds streamed events into the newest attempt; only inside their transaction. Gives it as it was and as it is when there was something to fold. */
  fold(taskId: TaskId, events: readonly NewTaskEvent[]): { readonly before: Attempt; readonly after: Attempt } | undefined {
    if (!events.some((event) => event.type === "usage" || event.type === "checkpoint")) return undefined;
    const row = this.#statements.newestAttempt.get(taskId);
    if (row === undefined) return undefined;
    const before = decodeAttempt(row);
    const after = foldIntoAttempt(before, events);
    this.#store(after);
    return { before, after };
  }

  #store(attempt: Attempt): void {
    this.#statements.putAttempt.run(attempt.taskId, attempt.number, ...encodeAttempt(attempt));
  }
}
