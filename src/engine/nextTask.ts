import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { QueueDeps } from "./engineDeps.ts";
import type { RunCriteria } from "./facade.ts";
import { candidatesPerPriority, maxCandidates, selectTask } from "./selectTask.ts";

/** How long a queue without strays is believed to have none (ms). */
const strayLookMs = 10_000;

/** Looks into the queue for the task to run next. */
export class NextTask {
  readonly #deps: QueueDeps;
  #nextLook = 0;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  /** The most urgent task that may start, but for those that were refused; undefined when there is none. */
  async choose(now: number, criteria: RunCriteria, refused: ReadonlySet<TaskId>): Promise<Task | undefined> {
    const select = (tasks: readonly Task[]): Task | undefined => {
      const possible = tasks.filter(({ id }) => !refused.has(id));
      return selectTask(possible, now, criteria);
    };
    return select(await this.#deps.store.candidates(now, candidatesPerPriority)) ?? select(await this.#strays(now));
  }

  /** Blocked tasks that wait for nothing, looked for when nothing else is ready; seldom, because it walks all blocked tasks. */
  async #strays(now: number): Promise<readonly Task[]> {
    if (now < this.#nextLook) return [];
    const strays = await this.#deps.store.strays(maxCandidates);
    if (strays.length === 0) this.#nextLook = now + strayLookMs;
    return strays;
  }
}
