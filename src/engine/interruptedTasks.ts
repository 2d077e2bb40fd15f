import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Attempt } from "../model/task.ts";
import type { EngineDeps } from "./engineDeps.ts";

/** An attempt that was interrupted so often may be what ends its process: then it waits for the user. */
export const maxInterruptions = 3;

/** What taking tasks up needs of the engine. */
export interface TaskResumer {
  readonly hasFreeSlot: () => boolean;
  readonly resume: (id: TaskId) => Promise<void>;
}

/**
 * Takes up tasks whose process went away: always when their work is committed and only the acknowledgement is left, else
 * when the user wants it so (setting afterInterruption). The others wait, paused, for a resume.
 */
export class InterruptedTasks {
  readonly #deps: EngineDeps;
  readonly #resumer: TaskResumer;
  readonly #waiting: TaskId[] = [];
  #tail = Promise.resolve();

  constructor(deps: EngineDeps, resumer: TaskResumer) {
    this.#deps = deps;
    this.#resumer = resumer;
  }

  /** A task was just found interrupted, and is paused. */
  add(id: TaskId, { steps, interruptions = 0 }: Attempt): void {
    const { isTrusted, settings } = this.#deps;
    const isWanted = steps.includes("committed") || (settings().afterInterruption === "resume" && interruptions <= maxInterruptions);
    if (!isWanted || !isTrusted()) return;
    this.#waiting.push(id);
    this.slotIsFree();
  }

  /** Takes up what an earlier process had committed and then, closing in good order, left paused. */
  async findCommitted(): Promise<void> {
    const { store, log } = this.#deps;
    for (const { id, lease } of await store.list({ statuses: ["paused"] })) {
      if (lease !== undefined) continue;
      try {
        const attempt = (await store.attempts(id)).at(-1);
        if (attempt?.outcome === "running" && attempt.steps.includes("committed")) this.add(id, attempt);
      } catch (thrown) {
        log.warn("an interrupted task could not be read", { task: id, error: toTaskMasterError(thrown).message });
      }
    }
  }

  /** Goes on with as many as there are slots, one after the other. */
  slotIsFree(): void {
    this.#tail = this.#tail.then(async () => {
      while (this.#resumer.hasFreeSlot()) {
        const id = this.#waiting.shift();
        if (id === undefined) return;
        await this.#resume(id);
      }
    });
  }

  async #resume(id: TaskId): Promise<void> {
    try {
      await this.#resumer.resume(id);
    } catch (thrown) {
      const error = toTaskMasterError(thrown);
      this.#deps.log.warn("an interrupted task could not be taken up; it stays paused", { task: id, code: error.code, error: error.message });
    }
  }
}
