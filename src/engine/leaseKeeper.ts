import type { Disposable } from "../base/event.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { QueueDeps } from "./engineDeps.ts";
import type { LeasedTask } from "./ports.ts";

/** Whoever works under a lease. */
export interface LeaseHolder {
  /** Whether it really lives: while it does not, the lease runs on, and ends with it or by itself. */
  readonly isAlive: () => boolean;
  /** Hears that the lease is no longer ours. */
  readonly onLost: () => void;
}

/** Renews a lease until disposed. */
export function keepLease({ store, timers, clock, leaseMs, log }: QueueDeps, { task, token }: LeasedTask, holder: LeaseHolder): Disposable {
  let timer: Disposable | undefined;
  let isDisposed = false;
  const renew = async (): Promise<void> => {
    if (!holder.isAlive()) return log.warn("the worker of the task gives no sign of life; its lease is not renewed", { task: task.id });
    try {
      if (await store.renewLease(task.id, token, clock.now() + leaseMs)) return;
      isDisposed = true;
      holder.onLost();
    } catch (thrown) {
      log.warn("the lease could not be renewed; trying again", { task: task.id, error: toTaskMasterError(thrown).message });
    }
  };
  const schedule = (): void => {
    timer = timers.after(leaseMs / 3, () => {
      void renew().finally(() => {
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
