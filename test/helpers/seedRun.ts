import { join } from "node:path";
import { makeTask } from "../../src/engine/newTask.ts";
import type { Task } from "../../src/model/task.ts";
import type { NewTaskEvent, TaskEventBody } from "../../src/model/taskEvent.ts";
import { openQueue, type OpenedQueue } from "../../src/store/openQueue.ts";

/** Whose queue it is: that of the terminal's program in this home. */
export interface SeedPlace {
  readonly repo: { readonly dir: string };
  readonly home: { readonly dir: string };
}

/** Opens the queue of a home as another process would. */
export function openQueueOf({ repo, home }: SeedPlace): Promise<OpenedQueue> {
  return openQueue({ folder: repo.dir, dataDirectory: join(home.dir, ".local/share") });
}

/** Writes a task with the journal of a run, as if it had been worked on. */
export async function seedRun(place: SeedPlace, title: string, bodies: readonly TaskEventBody[]): Promise<Task> {
  const { store } = await openQueueOf(place);
  const now = Date.now();
  const made = makeTask({ title }, { now, random: Math.random, repository: place.repo.dir, maxAttempts: 1 });
  const task: Task = { ...made, status: "done", attempts: 1 };
  await store.insert(
    task,
    bodies.map((body, index): NewTaskEvent => ({ ...body, attempt: 1, at: now + index })),
  );
  await store.close();
  return task;
}
