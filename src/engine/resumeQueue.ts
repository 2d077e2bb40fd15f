import type { QueueDeps } from "./engineDeps.ts";
import type { Ledger } from "./ledger.ts";
import type { QueueGuard } from "./queueGuard.ts";
import { waitsForLimit } from "./retryPolicy.ts";
import { hasten } from "./taskMachine.ts";

/** A person wants everything to go on now: the queue, the agents, and the tasks that wait because they met a usage limit. */
export async function resumeQueue({ store, clock }: Pick<QueueDeps, "store" | "clock">, ledger: Ledger, guard: QueueGuard): Promise<void> {
  await guard.resume();
  for (const { id } of (await store.list({ statuses: ["todo"] })).filter(waitsForLimit)) {
    await ledger.change(id, (task) =>
      waitsForLimit(task) ? { task: hasten(task, clock.now()), events: [{ type: "requeued", reason: "The queue was resumed." }] } : undefined,
    );
  }
}
