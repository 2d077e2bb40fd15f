import type { TaskChange } from "../../../src/engine/facade.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task } from "../../../src/model/task.ts";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";

/** A ready task with what a test gives it; ids are padded to their length. */
export function taskWith(id: string, fields: Partial<Task> = {}): Task {
  return {
    id: id.padEnd(8, "0") as TaskId,
    title: `Task ${id}`,
    prompt: `Task ${id}`,
    status: "todo",
    priority: "medium",
    tags: [],
    dependsOn: [],
    acceptance: { commands: [] },
    budget: {},
    maxAttempts: 1,
    repository: "/repository",
    createdAt: 1_000,
    updatedAt: 1_000,
    progress: { percent: 0, message: "" },
    integration: "none",
    attempts: 0,
    fence: 0,
    version: 1,
    ...fields,
  };
}

/** A change as the engine publishes it: of an entry of the journal, or of an entry made of a body. */
export function changeOf(task: Task, body: TaskEvent | TaskEventBody): TaskChange {
  const event: TaskEvent = { taskId: task.id, seq: 1, attempt: 1, at: 0, ...body };
  return { name: `task:${event.type}`, event, task };
}
