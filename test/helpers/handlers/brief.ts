/** A worker that ends as soon as it is asked for anything, without an error. */
import { parentPort } from "node:worker_threads";

parentPort?.once("message", () => process.exit(0));
