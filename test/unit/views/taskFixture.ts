import type { TaskChange } from "../../../src/engine/facade.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task } from "../../../src/model/task.ts";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import { taskRow } from "../../helpers/taskRow.ts";

/** A ready task with what a test gives it; ids are padded to their length. */
export function taskWith(id: string, fields: Partial<Task> = {}): Task {
  return taskRow({ id: id.padEnd(8, "0") as TaskId, title: `Task ${id}`, ...fields });
}

/** A change as the engine publishes it: of an entry of the journal, or of an entry made of a body. */
export function changeOf(task: Task, body: TaskEvent | TaskEventBody): TaskChange {
  const event: TaskEvent = { taskId: task.id, seq: 1, attempt: 1, at: 0, ...body };
  return { name: `task:${event.type}`, event, task };
}
