import type { EventBatch } from "../engine/ports.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import type { AttemptRows } from "./attemptRows.ts";
import type { Journal } from "./journal.ts";
import { lastProgress } from "./mergeWrites.ts";
import type { QueueStates } from "./queueStates.ts";
import { recordSpending } from "./spending.ts";
import type { Statements } from "./statements.ts";

/** Where streamed events go. */
export interface StreamedRows {
  readonly statements: Statements;
  readonly attempts: AttemptRows;
  readonly states: QueueStates;
  readonly journal: Journal;
}

/** Writes a batch of streamed events; only inside a transaction. Undefined, and nothing is written, when its lease is lost. */
export function appendBatch({ statements, attempts, states, journal }: StreamedRows, { taskId, token, events }: EventBatch): TaskEvent[] | undefined {
  const head = statements.taskHead.get(taskId);
  if (head === undefined || head["lease_token"] !== token) return undefined;
  const progress = lastProgress(events);
  if (progress !== undefined) statements.setProgress.run(JSON.stringify(progress), taskId);
  const folded = attempts.fold(taskId, events);
  if (folded !== undefined) recordSpending(states, { before: folded.before.usage, after: folded.after.usage, at: events.at(-1)?.at ?? 0 });
  return journal.append(taskId, events);
}
