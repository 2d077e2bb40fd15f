/** Process of its own: a whole run with the fake Goose, by the handler that workers use. Prints how it ended and what it took. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { toTaskMasterError } from "../../src/model/errors.ts";
import { parseWorkerMessage } from "../../src/protocol/hostWorker.ts";
import { EventBatcher } from "../../src/worker/eventBatcher.ts";
import type { HandlerContext } from "../../src/worker/handlerRegistry.ts";
import { gooseRun } from "../../src/worker/handlers/gooseRun.ts";

/** What the process prints. */
export interface FakeRunReport {
  /** Code of the error, or "done". */
  readonly end: string;
  readonly message: string;
  readonly events: number;
  readonly misfits: readonly string[];
  readonly uncaught: readonly string[];
  /** Most memory over what it had at the start. */
  readonly grownMb: number;
}

const [mode = "lines", count = "1000", seed = "1"] = process.argv.slice(2);
const home = mkdtempSync(path.join(tmpdir(), "fake-goose-"));
const worktree = path.join(home, "worktree");
mkdirSync(worktree);
const program = path.join(home, "goose");
const script = fileURLToPath(new URL("fakeGoose.ts", import.meta.url));
writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" ${mode} ${count} ${seed}\n`);
chmodSync(program, 0o755);

const uncaught: string[] = [];
process.on("uncaughtException", (error) => uncaught.push(`${error.stack}`.slice(0, 500)));
process.on("unhandledRejection", (error) => uncaught.push(`rejected: ${error instanceof Error ? error.stack : String(error)}`.slice(0, 500)));

const misfits: string[] = [];
let events = 0;
const batcher = new EventBatcher((messages) => {
  for (const message of messages) {
    events++;
    if (parseWorkerMessage(message) === undefined && misfits.length < 5) misfits.push(JSON.stringify(message).slice(0, 300));
  }
  setImmediate(() => batcher.acknowledge(1, messages.length)); // as a host whose journal keeps up
});

const context: HandlerContext = {
  taskId: "0000fake",
  attempt: 1,
  signal: new AbortController().signal,
  isPaused: false,
  gate: () => Promise.resolve(),
  permit: () => new Promise(() => undefined),
  onWish: () => undefined,
  emit: (event) => batcher.event(1, event),
  room: () => batcher.room(1),
};
const limits = { maxTurns: 1, wallClockMs: 500_000, startupMs: 20_000, idleMs: 60_000 };
const before = process.memoryUsage().rss;
let peak = before;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);

const { end, message } = await gooseRun(
  { run: "00000001-1", goose: { path: program }, worktree, tmpDir: path.join(home, "tmp"), prompt: "Do it.", limits },
  context,
).then(
  () => ({ end: "done", message: "" }),
  (thrown: unknown) => {
    const error = toTaskMasterError(thrown);
    return { end: error.code, message: error.message };
  },
);
clearInterval(watch);
batcher.flush();
rmSync(home, { recursive: true, force: true });
const report: FakeRunReport = { end, message, events, misfits, uncaught, grownMb: Math.round((peak - before) / 1_048_576) };
process.stdout.write(JSON.stringify(report));
