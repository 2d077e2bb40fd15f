import type { Task } from "../../src/model/task.ts";

/** A ready task with every field, for tests that care about few of them. */
export function taskRow({ id, title, ...fields }: Pick<Task, "id" | "title"> & Partial<Task>): Task {
  return {
    id,
    title,
    prompt: title,
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
