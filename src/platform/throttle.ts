import type { Disposable } from "../base/event.ts";

/** A call that happens at once when it has been quiet, otherwise once at the end of the interval. */
export interface Throttled extends Disposable {
  (): void;
}

/** Limits how often `run` is called: at most once per interval, never losing the last request. */
export function throttle(intervalMs: number, run: () => void): Throttled {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;
  const rest = (): void => {
    timer = setTimeout(() => {
      timer = undefined;
      if (isWanted) fire();
    }, intervalMs);
  };
  const fire = (): void => {
    isWanted = false;
    rest();
    run();
  };
  const request = (): void => {
    if (timer === undefined) fire();
    else isWanted = true;
  };
  return Object.assign(request, {
    dispose: (): void => {
      clearTimeout(timer);
      isWanted = false;
    },
  });
}
