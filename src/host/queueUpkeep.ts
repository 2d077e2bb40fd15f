/**
 * Keeps a queue's database in good order while nobody waits for it:
 *
 *   a while after the start --> check every page (worker) --> back up when due (worker) --> shorten old journals (slices, here)
 *   every minute            --> back up after many changes or a day; shorten once a day
 *
 * A command of the terminal is over before the first of it. Once damage was found nothing more is done: a copy of a damaged queue must
 * not push out a good one.
 */
import type { Disposable, Event } from "../base/event.ts";
import type { Clock, Logger, Timers } from "../engine/ports.ts";
import { toTaskMasterError } from "../model/errors.ts";

/** What the upkeep works with. */
export interface UpkeepPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** What is damaged, if anything. */
  readonly check: () => Promise<string | undefined>;
  /** Makes a backup unless the newest is younger, or has everything. */
  readonly backUp: (minAgeMs: number) => Promise<void>;
  /** One short slice; true when there is nothing more to do. */
  readonly compact: (endedBefore: number) => Promise<boolean>;
  readonly onDamage: (what: string) => void;
  /** Hears of each change of the queue that must not be lost. */
  readonly onDidChange: Event<unknown>;
  /** Whether no task runs here: shortening takes a few milliseconds of this thread at a time. */
  readonly isQuiet: () => boolean;
  readonly retentionDays: () => number;
}

/** The times of the upkeep in milliseconds. */
export const upkeepTimes = { first: 10_000, tick: 60_000, slice: 250, day: 86_400_000 } as const;
/** A backup is made after so many changes, some two dozen tasks. */
export const changesPerBackup = 200;

/** Starts the upkeep; ends when disposed. */
export class QueueUpkeep implements Disposable {
  readonly #ports: UpkeepPorts;
  readonly #subscription: Disposable;
  #timer: Disposable | undefined;
  #changes = 0;
  #lastBackup: number | undefined;
  #lastRound: number | undefined;
  #isOver = false;

  constructor(ports: UpkeepPorts) {
    this.#ports = ports;
    this.#subscription = ports.onDidChange(() => (this.#changes += 1));
    this.#schedule(upkeepTimes.first);
  }

  dispose(): void {
    this.#isOver = true;
    this.#subscription.dispose();
    this.#timer?.dispose();
  }

  #schedule(delayMs: number): void {
    if (this.#isOver) return;
    this.#timer = this.#ports.timers.after(delayMs, () => {
      this.#step().then(
        (next) => this.#schedule(next),
        (thrown: unknown) => {
          const error = toTaskMasterError(thrown);
          if (!this.#isOver) this.#ports.log.warn("the queue could not be looked after; trying again later", { code: error.code, error: error.message });
          this.#schedule(upkeepTimes.tick);
        },
      );
    });
  }

  /** How long to wait for the next step. */
  async #step(): Promise<number> {
    await this.#backUpWhenDue();
    if (this.#isOver || !this.#isRoundDue() || !this.#ports.isQuiet()) return upkeepTimes.tick;
    const days = this.#ports.retentionDays();
    const isLast = days === 0 || (await this.#ports.compact(this.#ports.clock.now() - days * upkeepTimes.day));
    if (!isLast) return upkeepTimes.slice;
    this.#lastRound = this.#ports.clock.now();
    return upkeepTimes.tick;
  }

  async #backUpWhenDue(): Promise<void> {
    const { clock, check, backUp, onDamage } = this.#ports;
    const isBusy = this.#changes >= changesPerBackup;
    if (!isBusy && !this.#isOlderThanDay(this.#lastBackup)) return;
    const damage = await check();
    if (damage !== undefined) {
      this.dispose();
      onDamage(damage);
      return;
    }
    const counted = this.#changes;
    // After a failure (a full disk) it waits for the next occasion instead of trying every minute.
    this.#lastBackup = clock.now();
    this.#changes = 0;
    try {
      await backUp(isBusy ? 0 : upkeepTimes.day);
    } catch (thrown) {
      this.#changes += Math.floor(counted / 2);
      throw thrown;
    }
  }

  #isRoundDue(): boolean {
    return this.#isOlderThanDay(this.#lastRound);
  }

  #isOlderThanDay(time: number | undefined): boolean {
    return time === undefined || this.#ports.clock.now() - time >= upkeepTimes.day;
  }
}
