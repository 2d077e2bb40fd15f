import { TaskMasterError } from "../model/errors.ts";
import type { Task } from "../model/task.ts";
import { decodeTask, type Row } from "./rowCodec.ts";

/** The tasks of rows, at most `count`; reads no more rows than it needs for them. Damaged ones are passed over and told to `onBadRow`. */
export function readableTasks(
  rows: Iterable<Row>,
  { count = Infinity, onBadRow }: { readonly count: number | undefined; readonly onBadRow: ((error: TaskMasterError) => void) | undefined },
): Task[] {
  const tasks: Task[] = [];
  for (const row of rows) {
    try {
      tasks.push(decodeTask(row));
    } catch (error) {
      if (!(error instanceof TaskMasterError)) throw error;
      onBadRow?.(error);
    }
    if (tasks.length >= count) break;
  }
  return tasks;
}
