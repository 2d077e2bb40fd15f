import type { TaskId } from "../model/ids.ts";
import type { PlanEntry, TaskEvent } from "../model/taskEvent.ts";
import type { ActiveTime } from "../protocol/hostWebview.ts";
import { ActiveTimes, timeTypes } from "./activeTime.ts";
import type { RunSource } from "./runStream.ts";

/** Events that are read at once for the attempts' times. */
const timesPage = 1_000;

/** What the head of the view tells that no single page does: how long each attempt was worked on, and Goose's newest plan. */
export class RunFacts {
  /** Events that change them. */
  static readonly types: ReadonlySet<TaskEvent["type"]> = new Set([...timeTypes, "plan"]);
  readonly #taskId: TaskId;
  readonly #times = new ActiveTimes();
  #plan: readonly PlanEntry[] | undefined;
  #isPlanNew = false;

  constructor(taskId: TaskId) {
    this.#taskId = taskId;
  }

  /** The last event that counts already. */
  get lastSeq(): number {
    return this.#times.lastSeq;
  }

  timeOf(attempt: number): ActiveTime | undefined {
    return this.#times.of(attempt);
  }

  /** The plan when it changed since this was asked, or whenever there is one. */
  takePlan(always: boolean): readonly PlanEntry[] | undefined {
    const isWanted = this.#isPlanNew || always;
    this.#isPlanNew = false;
    return isWanted ? this.#plan : undefined;
  }

  /** The next events of the journal, without a gap. */
  take(events: readonly TaskEvent[]): void {
    const plan = events.findLast((event) => event.type === "plan");
    if (plan?.type === "plan" && plan.seq > this.lastSeq) this.#setPlan(plan.entries);
    this.#times.take(events);
  }

  /** Reads what is not known yet, up to an event; only the entries that matter, as a journal may be long. */
  async catchUp(source: RunSource, endSeq: number): Promise<void> {
    const from = this.lastSeq;
    for (let isLast = false; !isLast;) {
      const events = await source.events(this.#taskId, { afterSeq: this.lastSeq, types: timeTypes, limit: timesPage });
      this.#times.take(events);
      isLast = events.length < timesPage;
    }
    this.#times.passTo(endSeq);
    const [plan] = await source.events(this.#taskId, { afterSeq: from, beforeSeq: Number.MAX_SAFE_INTEGER, types: ["plan"], limit: 1 });
    if (plan?.type === "plan") this.#setPlan(plan.entries);
  }

  #setPlan(entries: readonly PlanEntry[]): void {
    this.#plan = entries;
    this.#isPlanNew = true;
  }
}
