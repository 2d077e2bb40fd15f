/** What watches over a run while it works: whether it still says something, and whether it keeps within its budgets. */
import type { Disposable } from "../base/event.ts";
import { budgetText, type BudgetUse } from "../model/budget.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { Attention } from "../model/task.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import { BudgetWatch } from "./budgetWatch.ts";
import type { OutcomeDeps } from "./engineDeps.ts";
import type { Ledger } from "./ledger.ts";
import type { AgentTurn, LeasedTask } from "./ports.ts";
import { StallWatch } from "./stallWatch.ts";

const minuteMs = 60_000;

/** How long a turn may take to end by itself behind what used the budget up: what its last words used is told just before its end. */
export const lastWordsMs = 500;

/** The run that is watched. */
export interface WatchedRun {
  readonly leased: LeasedTask;
  /** Whether it waits for a person. */
  readonly isHeld: () => boolean;
  /** What the agent is doing; without a turn it uses nothing. */
  readonly turn: () => AgentTurn | undefined;
  /** Holds it at its next safe point, with what the user is told. */
  readonly pause: (reason: string, attention: Attention) => Promise<void>;
  readonly stop: (reason: string) => void;
}

/** One run's watches; see the header of this file. */
export class Oversight implements Disposable {
  readonly #deps: OutcomeDeps;
  readonly #ledger: Ledger;
  readonly #run: WatchedRun;
  readonly #budget: BudgetWatch;
  readonly #stall: StallWatch;
  /** What the model has used, without the time. */
  #used = "";
  /** Runs while a turn that used the budget up may end by itself. */
  #lastWords: Disposable | undefined;

  constructor(deps: OutcomeDeps, ledger: Ledger, run: WatchedRun) {
    this.#deps = deps;
    this.#ledger = ledger;
    this.#run = run;
    this.#budget = new BudgetWatch(deps, run.leased.task.id, { onNear: (message) => this.#note(message), onReached: (use) => this.#reached(use) });
    const minutes = deps.settings().stallMinutes;
    this.#stall = new StallWatch({
      timers: deps.timers,
      stallMs: minutes * minuteMs,
      isHeld: run.isHeld,
      onStall: () => this.#setStall(minutes),
      onLife: () => this.#setStall(undefined),
    });
  }

  /** What the run reported is in the journal. */
  heard(events: readonly WorkerEventBody[]): void {
    // Each is looked at, as one is compared with the one before.
    if (events.filter((event) => this.#isLife(event)).length > 0) this.#stall.heard();
    if (events.some(({ type }) => type === "usage")) this.#budget.look();
  }

  dispose(): void {
    this.#stall.dispose();
    this.#lastWords?.dispose();
  }

  /** The time of work is counted on while the run is silent: that is news for the budget, none of the run. */
  #isLife(event: WorkerEventBody): boolean {
    if (event.type !== "usage") return true;
    const { activeMs: _activeMs, ...rest } = event.usage;
    const before = this.#used;
    this.#used = JSON.stringify(rest);
    return this.#used !== before;
  }

  #note(message: string): void {
    const { task, token, attempt } = this.#run.leased;
    const lease = { token, attempt: attempt.number };
    this.#ledger.append(task.id, lease, [{ type: "log", level: "warn", message }]).catch((thrown: unknown) => this.#failed(thrown));
  }

  /** A turn that ends by itself now has done its work within the budget, and what follows uses nothing of it. */
  async #reached(use: BudgetUse): Promise<void> {
    const turn = this.#run.turn();
    // The day's and the queue's budgets keep every task.
    if (use.scope !== "task" && !this.#run.isHeld()) await this.#deps.guard.look();
    if (turn === undefined || this.#lastWords !== undefined) return;
    this.#lastWords = this.#deps.timers.after(lastWordsMs, () => {
      this.#lastWords = undefined;
      if (turn === this.#run.turn()) this.#end(use).catch((thrown: unknown) => this.#failed(thrown));
    });
  }

  async #end(use: BudgetUse): Promise<void> {
    if (this.#run.isHeld()) return;
    const reached = `The budget is used up: ${budgetText(use)}.`;
    if (this.#deps.settings().budgetReached === "stop") return this.#run.stop(`${reached} Raise it, then start the task again.`);
    const message = `${reached} Resume to allow as much again, or stop the task.`;
    await this.#run.pause("The budget is used up.", { kind: "budget", message, use });
  }

  /** Tells that the run says nothing, or (undefined) takes that back. Whatever else needs the user stays. */
  async #setStall(minutes: number | undefined): Promise<void> {
    const { task, token } = this.#run.leased;
    try {
      await this.#ledger.change(
        task.id,
        (row) => {
          const kind = row.attention?.kind;
          if (minutes === undefined ? kind !== "stall" : kind !== undefined || row.status !== "in_progress") return undefined;
          const { attention: _attention, ...rest } = row;
          if (minutes === undefined) return { task: rest, events: [{ type: "attention", attention: null }] };
          const attention = { kind: "stall", message: stallMessage(minutes, row.progress.message) } as const;
          return { task: { ...rest, attention }, events: [{ type: "attention", attention }] };
        },
        token,
      );
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): void {
    this.#deps.log.warn("what the watch over the run found could not be written", { task: this.#run.leased.task.id, error: toTaskMasterError(thrown).message });
  }
}

function stallMessage(minutes: number, doing: string): string {
  const what = doing === "" ? "" : ` The last it said: ${doing}.`;
  return `Nothing was heard of this run for ${minutes} ${minutes === 1 ? "minute" : "minutes"}.${what} It may be waiting for its provider: wait, or stop it.`;
}
