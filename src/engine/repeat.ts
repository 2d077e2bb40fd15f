import type { Disposable } from "../base/event.ts";
import type { Timers } from "./ports.ts";

/** Does work every `delayMs` until disposed, counted from the end of the last time. The work must not reject. */
export function repeat(timers: Timers, delayMs: number, work: () => Promise<void>): Disposable {
  let timer: Disposable | undefined;
  let isDisposed = false;
  const schedule = (): void => {
    timer = timers.after(delayMs, () => {
      void work().finally(() => {
        if (!isDisposed) schedule();
      });
    });
  };
  schedule();
  return {
    dispose: () => {
      isDisposed = true;
      timer?.dispose();
    },
  };
}
