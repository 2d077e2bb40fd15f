import { toTaskMasterError, type TaskMasterError } from "../model/errors.ts";
import type { AbortOptions, Logger, Timers } from "./ports.ts";

/** How long to wait before a write is tried again that the store could not take. */
export const storeRetryMs = 2_000;

/** What a retry works with. */
export interface StoreRetryDeps {
  readonly timers: Timers;
  readonly log: Logger;
}

/**
 * Writes what must not be lost: while the disk is full, or another program holds the queue, it is tried again until it is stored or the
 * signal aborts. Everything else is thrown at once. A write that SQLite refused has left nothing behind, so it may be repeated.
 */
export async function untilStored<T>({ timers, log }: StoreRetryDeps, write: () => Promise<T>, { signal }: AbortOptions): Promise<T> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await write();
    } catch (thrown) {
      const error = toTaskMasterError(thrown);
      if (!mayBeStoredLater(error) || signal.aborted) throw thrown;
      if (isFirst) log.warn("the queue cannot be written; trying again until it can", { code: error.code, error: error.message });
    }
    await pause(timers, signal);
  }
}

function mayBeStoredLater({ code, retryable }: TaskMasterError): boolean {
  return retryable && (code === "DISK_FULL" || code === "STORE_FAILED");
}

async function pause(timers: Timers, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = timers.after(storeRetryMs, resolve);
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) resolve();
  await promise;
  signal.removeEventListener("abort", onAbort);
  timer.dispose();
}
