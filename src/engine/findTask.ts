import { TaskMasterError } from "../model/errors.ts";
import { parseTaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { TaskStore } from "./ports.ts";

/** Finds a task by its id or a unique beginning of it (TASK_NOT_FOUND, INVALID_INPUT when ambiguous). */
export async function findTask(store: Pick<TaskStore, "get" | "list">, idOrPrefix: string): Promise<Task> {
  const id = parseTaskId(idOrPrefix);
  const exact = id === undefined ? undefined : await store.get(id);
  if (exact !== undefined) return exact;
  const matches = idOrPrefix === "" ? [] : (await store.list()).filter((task) => task.id.startsWith(idOrPrefix.toLowerCase()));
  if (matches.length > 1) {
    throw new TaskMasterError(
      "INVALID_INPUT",
      `"${idOrPrefix}" fits ${matches.length} tasks: ${matches
        .map((task) => task.id)
        .slice(0, 5)
        .join(", ")}. Give more of the id.`,
    );
  }
  if (matches[0] === undefined)
    throw new TaskMasterError("TASK_NOT_FOUND", `There is no task "${idOrPrefix.slice(0, 40)}" in this queue. List the tasks to see their ids.`);
  return matches[0];
}
