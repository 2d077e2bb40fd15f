import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { RunCriteria } from "./facade.ts";
import type { Clock, TaskStore } from "./ports.ts";
import type { QueueGuard } from "./queueGuard.ts";
import { candidatesPerPriority, checkCriteria, endOfLocalDay, prioritiesOf, selectTask, type Eligibility } from "./selectTask.ts";

/** How long a queue without strays is believed to have none (ms). */
const strayLookMs = 10_000;

/** So many strays are looked at for one choice. */
const strayLimit = 50;

/** The task to run next; nothing that is ready; a queue that has stopped; or tasks that only wait for their agent. */
export type Choice = { readonly kind: "task"; readonly task: Task } | NoChoice;
export type NoChoice = { readonly kind: "nothing" | "stopped" } | { readonly kind: "waiting"; readonly until: number };

/** Who asks for the next task, and what for. */
export interface ChoiceRequest {
  readonly criteria: RunCriteria;
  /** A person's wish goes over a stop of the queue, but not over the wait for a limit. */
  readonly isWish: boolean;
  /** Tasks that could not be taken. */
  readonly refused: ReadonlySet<TaskId>;
}

function tomorrow(now: number): number {
  return endOfLocalDay(now) + 1;
}

/** Looks into the queue for the task to run next. */
export class NextTask {
  readonly #store: Pick<TaskStore, "candidates" | "strays">;
  readonly #clock: Clock;
  readonly #guard: QueueGuard;
  #nextLook = 0;

  constructor({ store, clock, guard }: { readonly store: TaskStore; readonly clock: Clock; readonly guard: QueueGuard }) {
    this.#store = store;
    this.#clock = clock;
    this.#guard = guard;
  }

  /** The most urgent task that may start (INVALID_INPUT for criteria that make no sense). */
  async choose({ criteria, isWish, refused }: ChoiceRequest): Promise<Choice> {
    checkCriteria(criteria);
    for (;;) {
      const gate = await this.#guard.gate();
      if (gate.stop !== undefined && !isWish) return { kind: "stopped" };
      if (gate.budget !== undefined && !isWish) return gate.budget.scope === "day" ? this.#waiting(criteria, tomorrow(this.#clock.now())) : { kind: "stopped" };
      const task = await this.#select({ ...criteria, exceptAgents: [...gate.held.keys()] }, refused);
      if (task === undefined) return gate.held.size === 0 ? { kind: "nothing" } : this.#waiting(criteria, Math.min(...gate.held.values()));
      if (await this.#guard.reserve(task, gate)) return { kind: "task", task }; // else another process tries that agent: choose again
    }
  }

  async #select(eligibility: Eligibility, refused: ReadonlySet<TaskId>): Promise<Task | undefined> {
    const now = this.#clock.now();
    const { requireTags = [], exceptAgents = [] } = eligibility;
    const filter = { priorities: prioritiesOf(eligibility), requireTags, exceptAgents };
    const select = (tasks: readonly Task[]): Task | undefined => {
      const possible = tasks.filter(({ id }) => !refused.has(id));
      return selectTask(possible, now, eligibility);
    };
    // Those that were refused still stand in the line.
    const perPriority = candidatesPerPriority(eligibility) + refused.size;
    return select(await this.#store.candidates(now, perPriority, filter)) ?? select(await this.#strays(now));
  }

  /** Whether there is something that only waits for its agent, or for tomorrow. */
  async #waiting(criteria: RunCriteria, until: number): Promise<NoChoice> {
    const wanted = { priorities: prioritiesOf(criteria), requireTags: criteria.requireTags ?? [] };
    const isAny = (await this.#store.candidates(this.#clock.now(), 1, wanted)).length > 0;
    return isAny ? { kind: "waiting", until } : { kind: "nothing" };
  }

  /** Blocked tasks that wait for nothing, looked for when nothing else is ready; seldom, because it walks all blocked tasks. */
  async #strays(now: number): Promise<readonly Task[]> {
    if (now < this.#nextLook) return [];
    const strays = await this.#store.strays(strayLimit);
    if (strays.length === 0) this.#nextLook = now + strayLookMs;
    return strays;
  }
}
