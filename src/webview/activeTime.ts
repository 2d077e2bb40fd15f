import type { TaskEvent } from "../model/taskEvent.ts";
import type { ActiveTime } from "../protocol/hostWebview.ts";

/** Adds up how long each attempt was worked on, without its pauses, from the journal in its order; what it has had is skipped. */
export class ActiveTimes {
  readonly #times = new Map<number, ActiveTime>();
  #lastSeq = 0;
  #isPaused = false;
  #isWaiting = false;

  /** The last event that counts already. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Everything up to an event is known: what was not given cannot change the times. */
  passTo(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  of(attempt: number): ActiveTime | undefined {
    return this.#times.get(attempt);
  }

  take(events: readonly TaskEvent[]): void {
    for (const event of events) {
      if (event.seq <= this.#lastSeq) continue;
      this.#lastSeq = event.seq;
      if (!this.#holds(event)) continue;
      if (this.#isPaused || this.#isWaiting || breakTypes.has(event.type)) this.#halt(event);
      else this.#go(event);
    }
  }

  /** Whether the event begins or ends a time in which the attempt is worked on. A question holds the work like a pause does. */
  #holds(event: TaskEvent): boolean {
    if (event.type === "attention") this.#isWaiting = event.attention?.question !== undefined;
    else if (event.type === "answer") this.#isWaiting = false;
    else if (event.type === "resumed") this.#isPaused = false;
    else if (event.type === "paused") {
      this.#isPaused = true;
      if (event.isInterrupted === true) this.#isWaiting = false;
    } else if (event.type === "started" || breakTypes.has(event.type)) {
      this.#isPaused = false;
      this.#isWaiting = false;
    } else return false;
    return true;
  }

  #go({ attempt, at }: TaskEvent): void {
    const { ms = 0, since = at } = this.#times.get(attempt) ?? {};
    this.#times.set(attempt, { ms, since });
  }

  #halt({ at }: TaskEvent): void {
    // An end may be told outside of its attempt; only one is worked on at a time.
    for (const [attempt, { ms, since }] of this.#times) if (since !== undefined) this.#times.set(attempt, { ms: ms + Math.max(0, at - since) });
  }
}

const breaks = ["stopped", "completed", "error", "cancelled", "requeued"] as const;
const breakTypes: ReadonlySet<TaskEvent["type"]> = new Set(breaks);

/** Events that begin or end work; the others change nothing here. */
export const timeTypes: readonly TaskEvent["type"][] = ["started", "resumed", "paused", "attention", "answer", ...breaks];
