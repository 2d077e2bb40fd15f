import type { WorkerHost } from "../engine/ports.ts";
import type { TaskId } from "../model/ids.ts";
import { callHandler } from "./invokeHandler.ts";

/** Invocations outside any task. */
const noTask = { taskId: "00000000" as TaskId, attempt: 0 };
const keptBackups = 3;

/** What a worker does for a queue's database. */
export interface QueueCare {
  readonly check: () => Promise<string | undefined>;
  readonly backUp: (minAgeMs: number) => Promise<void>;
}

/** Checks and backs up a queue through the workers: the host's thread goes on meanwhile. */
export function createQueueCare(workers: WorkerHost, { database, uuid }: { readonly database: string; readonly uuid: string }): QueueCare {
  return {
    check: async () => (await callHandler(workers, noTask, { handler: "queue.check", input: { database } })).damage,
    backUp: async (minAgeMs) => {
      await callHandler(workers, noTask, { handler: "queue.backup", input: { database, uuid, minAgeMs, keep: keptBackups } });
    },
  };
}
