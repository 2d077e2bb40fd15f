/** A worker that speaks another version of the protocol, in a thread or inline. */
import { isMainThread, parentPort, type MessagePort } from "node:worker_threads";

export function startHarness(port: MessagePort): void {
  port.on("message", () => undefined);
  port.postMessage({ type: "ready", version: 9, handlers: [] });
}

if (!isMainThread && parentPort !== null) startHarness(parentPort);
