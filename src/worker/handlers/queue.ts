import { queueBackupInput, queueCheckInput } from "../../protocol/handlers.ts";
import type { TaskHandler } from "../handlerRegistry.ts";
import { parseInput } from "../process/parseInput.ts";
import { backUpQueue } from "../queue/backup.ts";
import { checkQueue } from "../queue/check.ts";

/** What is read of a queue's database away from the host; inputs and outputs are those of protocol/handlers.ts. */
export const queueHandlers = {
  "queue.check": async (input) => checkQueue(parseInput("queue.check", queueCheckInput, input)),
  "queue.backup": async (input) => backUpQueue(parseInput("queue.backup", queueBackupInput, input)),
} satisfies Record<string, TaskHandler>;
