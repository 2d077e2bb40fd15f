import type { Clock, Timers } from "../../src/engine/ports.ts";

/** How many times faster the engines' time runs: the product's own lease of half a minute lasts 0.3 s, its shortest backoff 25 ms. */
const speed = 100;

/** The product's lease (ms of the fast clock). */
export const leaseMs = 30_000;

/** How long a lease lasts on the wall (ms). */
export const realLeaseMs = leaseMs / speed;

/** A clock and timers that run faster than the wall's, the same for every process that is given the same beginning. */
export class FastTime implements Clock, Timers {
  /** Where it begins, for another process that is to have the same time. */
  readonly begin: number;

  constructor(begin: number) {
    this.begin = begin;
  }

  now(): number {
    return this.begin + (Date.now() - this.begin) * speed;
  }

  after(delayMs: number, run: () => void): { dispose(): void } {
    const timer = setTimeout(run, delayMs / speed);
    return { dispose: () => clearTimeout(timer) };
  }
}
