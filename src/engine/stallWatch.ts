import type { Disposable } from "../base/event.ts";
import type { Timers } from "./ports.ts";
import { repeat } from "./repeat.ts";

/** Looks in the time of one stall: a look misses at most this part of it. */
const looks = 10;

/** What a watch sees, and whom it tells. */
export interface StallWatchOptions {
  readonly timers: Timers;
  /** So long a run may be silent (ms); read once. */
  readonly stallMs: number;
  /** Whether the run waits for a person: that is no silence. */
  readonly isHeld: () => boolean;
  readonly onStall: () => Promise<void>;
  /** The run speaks again. */
  readonly onLife: () => Promise<void>;
}

/**
 * Notices that a run says nothing any more. Counts looks, not time: while the machine sleeps nothing is looked at, and a clock that is
 * set changes nothing.
 */
export class StallWatch implements Disposable {
  readonly #options: StallWatchOptions;
  readonly #timer: Disposable;
  #silentLooks = 0;
  #isStalled = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#timer = repeat(options.timers, options.stallMs / looks, () => this.#look());
  }

  /** A sign of life. */
  heard(): void {
    this.#silentLooks = 0;
    if (!this.#isStalled) return;
    this.#isStalled = false;
    void this.#options.onLife();
  }

  dispose(): void {
    this.#timer.dispose();
  }

  async #look(): Promise<void> {
    const { isHeld, onStall } = this.#options;
    if (isHeld()) {
      this.#silentLooks = 0;
      return;
    }
    this.#silentLooks += 1;
    if (this.#silentLooks < looks || this.#isStalled) return;
    this.#isStalled = true;
    await onStall();
  }
}
