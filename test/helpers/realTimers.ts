import type { Timers } from "../../src/engine/ports.ts";

/** The timers of the process, as the product uses them. */
export const realTimers: Timers = {
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { dispose: () => clearTimeout(timer) };
  },
};
