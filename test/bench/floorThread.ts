/** The other side's thread: answers each message with the time at which it came. */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => parentPort?.postMessage(process.hrtime.bigint()));
