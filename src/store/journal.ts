import type { EventQuery } from "../engine/ports.ts";
import type { TaskId } from "../model/ids.ts";
import type { NewTaskEvent, TaskEvent } from "../model/taskEvent.ts";
import { decodeEvent, encodeEventBody, type Row } from "./rowCodec.ts";
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
  page(taskId: TaskId, query: EventQuery): TaskEvent[] {
    const rows = this.#rows(taskId, query);
    return (query.beforeSeq === undefined ? rows : rows.toReversed()).map(decodeEvent);
  }

  /** From the end when the page lies before an entry. */
  #rows(taskId: TaskId, { afterSeq = 0, beforeSeq, types, limit }: EventQuery): Row[] {
    const { eventsAfter, eventsBefore, eventsOfTypes, eventsOfTypesBefore } = this.#statements;
    if (types === undefined) {
      return beforeSeq === undefined ? eventsAfter.all(taskId, afterSeq, limit) : eventsBefore.all(taskId, afterSeq, beforeSeq, limit);
    }
    const statement = beforeSeq === undefined ? eventsOfTypes : eventsOfTypesBefore;
    return statement.all(taskId, afterSeq, beforeSeq ?? Number.MAX_SAFE_INTEGER, JSON.stringify(types), limit);
  }
}
