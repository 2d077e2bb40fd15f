import { cancelledError } from "../model/errors.ts";
import type { SignalSource } from "./context.ts";

/** Follows the signals of a process until it is disposed. */
export interface SignalWatch {
  /** Aborts at the first signal. */
  readonly aborted: AbortSignal;
  /** The first signal, if one came. */
  readonly received: NodeJS.Signals | undefined;
  dispose(): void;
}

const watched: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * The same Ctrl-C often arrives twice: from the terminal, and passed on by npm or by our own starter with another Node.
 * Nobody presses it twice this fast (milliseconds).
 */
export const sameSignalMs = 300;

/** Watches for signals: the first aborts, a second calls `atOnce`. `now` is in milliseconds and never goes back. */
export function watchSignals(
  source: SignalSource,
  options: { readonly now: () => number; readonly onFirst: (signal: NodeJS.Signals) => void; readonly atOnce: (signal: NodeJS.Signals) => void },
): SignalWatch {
  const controller = new AbortController();
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = { signal, at: options.now() };
      options.onFirst(signal);
      controller.abort(cancelledError(`${signal} received`));
    } else if (options.now() - first.at >= sameSignalMs) options.atOnce(signal);
  };
  for (const signal of watched) source.on(signal, listener);
  return {
    aborted: controller.signal,
    get received() {
      return first?.signal;
    },
    dispose: () => {
      for (const signal of watched) source.removeListener(signal, listener);
    },
  };
}
