/** A worker's script that answers every wish with a flood of hostile messages and a heartbeat behind it: "<count> <seed>". */
import { parentPort } from "node:worker_threads";
import type { HostMessage } from "../../src/protocol/hostWorker.ts";
import { Random } from "./random.ts";
import { hostileWorkerMessage } from "./workerMessages.ts";

const batchSize = 100;
let latest = 0;

function flood(id: number, count: number, seed: number): void {
  const random = new Random(seed);
  for (let sent = 0; sent < count; sent += batchSize) {
    const batch = Array.from({ length: Math.min(batchSize, count - sent) }, () => hostileWorkerMessage(random, id));
    parentPort?.postMessage(random.chance(0.05) ? batch[0] : batch);
  }
  parentPort?.postMessage([{ type: "heartbeat", invocationIds: [latest] }]);
}

parentPort?.on("message", (messages: readonly HostMessage[]) => {
  for (const message of messages) {
    if (message.type === "run") latest = message.invocationId;
    if (message.type !== "tell" || message.wish.type !== "say") continue;
    const [count = 0, seed = 1] = message.wish.text.split(" ").map(Number);
    if (count === 0) parentPort?.postMessage([{ type: "ready", version: 99, handlers: [] }]);
    else flood(message.invocationId, count, seed);
  }
});
