import type { EventQuery } from "../engine/ports.ts";
import type { TaskId } from "../model/ids.ts";
import type { NewTaskEvent, TaskEvent } from "../model/taskEvent.ts";
import { decodeEvent, encodeEventBody } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** The events table: numbers entries within their task and pages through them. Throws SQLite's errors. */
export class Journal {
  readonly #statements: Statements;
  readonly #writer: string;

  /** `writer` marks this store's entries, so that others can tell theirs apart. */
  constructor(statements: Statements, writer: string) {
    this.#statements = statements;
    this.#writer = writer;
  }

  /** Numbers and stores entries; only inside a write transaction. */
  append(taskId: TaskId, events: readonly NewTaskEvent[]): TaskEvent[] {
    if (events.length === 0) return [];
    let seq = Number(this.#statements.lastSeq.get(taskId)?.["seq"] ?? 0);
    return events.map((event) => {
      seq += 1;
      this.#statements.insertEvent.run(taskId, seq, event.attempt, event.at, event.type, encodeEventBody(event), this.#writer);
      return { ...event, taskId, seq };
    });
  }

  /** A page in order of seq. */
  page(taskId: TaskId, { afterSeq = 0, beforeSeq, limit }: EventQuery): TaskEvent[] {
    const rows =
      beforeSeq === undefined
        ? this.#statements.eventsAfter.all(taskId, afterSeq, limit)
        : this.#statements.eventsBefore.all(taskId, afterSeq, beforeSeq, limit).toReversed();
    return rows.map(decodeEvent);
  }
}
