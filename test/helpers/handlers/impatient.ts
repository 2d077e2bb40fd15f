/** A worker that waits for no acknowledgement, in a thread or inline. */
import { isMainThread, parentPort, type MessagePort } from "node:worker_threads";
import { hostWorkerVersion, maxUnacknowledged } from "../../../src/protocol/hostWorker.ts";

export function startHarness(port: MessagePort): void {
  port.on("message", () => {
    const event = { type: "log", level: "info", message: "" };
    for (let count = 0; count <= maxUnacknowledged; count++) port.postMessage([{ type: "event", invocationId: 1, event }]);
  });
  port.postMessage({ type: "ready", version: hostWorkerVersion, handlers: [] });
}

if (!isMainThread && parentPort !== null) startHarness(parentPort);
