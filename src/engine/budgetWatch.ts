import type { JsonObject } from "../base/json.ts";
import { toTaskMasterError } from "../model/errors.ts";
import {
  budgetText,
  budgetUses,
  budgetWarning,
  noAmounts,
  parseSpent,
  parseSpentOn,
  shareOf,
  spentDayName,
  spentTotalName,
  totalOf,
  type BudgetUse,
} from "../model/budget.ts";
import type { Attempt, Task } from "../model/task.ts";
import type { QueueDeps } from "./engineDeps.ts";

type BudgetDeps = Pick<QueueDeps, "store" | "settings" | "clock">;

/** How much of every limit that holds for a task is used, the largest share first. */
export async function usesOf({ store, settings, clock }: BudgetDeps, task: Task): Promise<readonly BudgetUse[]> {
  const { budgetTask, budgetDay, budgetQueue } = settings();
  const limits = { task: { ...budgetTask, ...task.budget }, day: budgetDay, queue: budgetQueue };
  if (Object.values(limits).every((limit) => Object.keys(limit).length === 0)) return [];
  const [attempts, states] = await Promise.all([store.attempts(task.id), store.states()]);
  const used = {
    task: totalOf(attempts.filter((attempt) => counts(task, attempt)).map(({ usage }) => usage)),
    day: parseSpentOn(states.get(spentDayName), clock.now()),
    queue: parseSpent(states.get(spentTotalName)),
  };
  return budgetUses(limits, used, task.allowances);
}

/** The budget of the day or of the queue that is used up; undefined while there is none. */
export function usedUp({ settings, clock }: Pick<BudgetDeps, "settings" | "clock">, states: ReadonlyMap<string, JsonObject>): BudgetUse | undefined {
  const { budgetDay, budgetQueue } = settings();
  const used = { task: noAmounts, day: parseSpentOn(states.get(spentDayName), clock.now()), queue: parseSpent(states.get(spentTotalName)) };
  const [first] = budgetUses({ task: {}, day: budgetDay, queue: budgetQueue }, used);
  return first !== undefined && shareOf(first) >= 1 ? first : undefined;
}

/** A retry by hand gives a task its whole budget again. */
function counts({ budgetFrom = 1 }: Task, { number }: Attempt): boolean {
  return number >= budgetFrom;
}

/** What a watch does with what it finds. */
export interface BudgetEnds {
  readonly onNear: (message: string) => void;
  readonly onReached: (use: BudgetUse) => Promise<void>;
}

/** Looks at the budgets of one run whenever it has used something. */
export class BudgetWatch {
  readonly #deps: BudgetDeps & Pick<QueueDeps, "log">;
  readonly #task: Task["id"];
  readonly #ends: BudgetEnds;
  readonly #told = new Set<string>();
  #isLooking = false;
  #isStale = false;

  constructor(deps: BudgetDeps & Pick<QueueDeps, "log">, task: Task["id"], ends: BudgetEnds) {
    this.#deps = deps;
    this.#task = task;
    this.#ends = ends;
  }

  /** What was used is stored. One look at a time; what comes meanwhile is looked at behind it. */
  look(): void {
    this.#isStale = true;
    if (!this.#isLooking) void this.#lookAll();
  }

  async #lookAll(): Promise<void> {
    this.#isLooking = true;
    while (this.#isStale) {
      this.#isStale = false;
      try {
        await this.#lookOnce();
      } catch (thrown) {
        this.#deps.log.warn("the budgets could not be looked at", { task: this.#task, error: toTaskMasterError(thrown).message });
      }
    }
    this.#isLooking = false;
  }

  async #lookOnce(): Promise<void> {
    const task = await this.#deps.store.get(this.#task);
    if (task === undefined) return;
    for (const use of await usesOf(this.#deps, task)) {
      if (shareOf(use) >= 1) return this.#ends.onReached(use);
      const key = `${use.scope}.${use.measure}.${use.limit}`;
      if (shareOf(use) < budgetWarning || this.#told.has(key)) continue;
      this.#told.add(key);
      this.#ends.onNear(`${Math.floor(shareOf(use) * 100)} % are used: ${budgetText(use)}.`);
    }
  }
}
