import type { TaskEngineFacade } from "../../src/engine/facade.ts";
import type { TaskStore } from "../../src/engine/ports.ts";
import type { Task, TaskStatus } from "../../src/model/task.ts";
import type { Seeded } from "./seeded.ts";

/** How one process meddles. */
export interface MeddleOptions {
  readonly random: Seeded;
  /** False: only help what rests to its end. */
  readonly isMeddling: boolean;
}

/** What a person at this process does next: mostly resumes what was interrupted, now and then pauses, stops, cancels, tries again. */
export async function meddle(engine: TaskEngineFacade, store: TaskStore, { random, isMeddling }: MeddleOptions): Promise<void> {
  const some = async (...statuses: TaskStatus[]): Promise<Task | undefined> => random.pick(await store.list({ statuses, limit: 40 }));
  const wish = isMeddling ? random.next() : random.between(0, 0.6);
  if (wish < 0.45) {
    const task = await some("paused");
    if (task !== undefined) await engine.resume(task.id);
  } else if (wish < 0.6) {
    const task = await some("stopped", "failed", "cancelled");
    if (task !== undefined) await engine.retry(task.id);
  } else if (wish < 0.8) {
    const task = await some("in_progress");
    if (task !== undefined) await engine.pause(task.id);
  } else if (wish < 0.9) {
    const task = await some("in_progress", "paused");
    if (task !== undefined) await engine.stop(task.id);
  } else {
    const task = await some("todo", "blocked", "in_progress", "paused");
    if (task !== undefined) await engine.cancel(task.id);
  }
}
