/** A worker module: takes the place of the first handler of a task, says when it began, and ends the task there. */
import type { TaskHandlerRegistry } from "../../src/worker/handlerRegistry.ts";

/** Called by the worker. The time leaves in the failure's message; hrtime is one clock for all threads of a process. */
export function register(registry: TaskHandlerRegistry): void {
  registry.register("git.inspect", () => {
    const began = process.hrtime.bigint();
    return Promise.reject(new Error(`began at ${began}`));
  });
}
