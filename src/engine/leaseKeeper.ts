import type { Disposable } from "../base/event.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { QueueDeps } from "./engineDeps.ts";
import type { LeasedTask } from "./ports.ts";
import { repeat } from "./repeat.ts";

/** Whoever works under a lease. */
export interface LeaseHolder {
  /** Whether it really lives: while it does not, the lease runs on, and ends with it or by itself. */
  readonly isAlive: () => boolean;
  /** Hears that the lease is no longer ours. */
  readonly onLost: () => void;
}

/** Renews a lease until disposed. */
export function keepLease({ store, timers, clock, leaseMs, log }: QueueDeps, { task, token }: LeasedTask, holder: LeaseHolder): Disposable {
  const renew = async (): Promise<void> => {
    if (!holder.isAlive()) return log.warn("the worker of the task gives no sign of life; its lease is not renewed", { task: task.id });
    try {
      if (await store.renewLease(task.id, token, clock.now() + leaseMs)) return;
      renewal.dispose();
      holder.onLost();
    } catch (thrown) {
      log.warn("the lease could not be renewed; trying again", { task: task.id, error: toTaskMasterError(thrown).message });
    }
  };
  const renewal = repeat(timers, leaseMs / 3, renew);
  return renewal;
}
