/** Process of its own: hostile lines through the real framer and the real recorder. Prints what came of them. */
import { setImmediate as turn } from "node:timers/promises";
import { parseWorkerMessage } from "../../src/protocol/hostWorker.ts";
import { EventBatcher } from "../../src/worker/eventBatcher.ts";
import { EventBuffer } from "../../src/worker/goose/eventBuffer.ts";
import { JsonLineFramer } from "../../src/worker/goose/jsonLines.ts";
import { TurnRecorder } from "../../src/worker/goose/turnRecorder.ts";
import { gooseLine } from "./gooseLines.ts";
import { Random } from "./random.ts";

/** What the process prints. */
export interface FloodReport {
  readonly messages: number;
  readonly garbage: number;
  readonly events: number;
  readonly malformed: number;
  /** The first few of each. */
  readonly exceptions: readonly string[];
  readonly misfits: readonly string[];
  readonly isPolluted: boolean;
  readonly grownMb: number;
}

const [count = 1_000, seed = 1] = process.argv.slice(2).map(Number);
const random = new Random(seed);
const exceptions: string[] = [];
const misfits: string[] = [];
const seen = { messages: 0, garbage: 0, events: 0 };

/** As a worker sends events to the host. */
const batcher = new EventBatcher((messages) => {
  for (const message of messages) check(message);
  setImmediate(() => batcher.acknowledge(1, messages.length)); // as a host whose journal keeps up
});
const buffer = new EventBuffer((event) => batcher.event(1, event));
const recorder = new TurnRecorder({
  worktree: "/worktree",
  emit: (event) => buffer.add(event),
  onTerminal: () => undefined,
  onRun: () => undefined,
  onSteered: () => undefined,
});

function check(message: unknown): void {
  seen.events++;
  const text = JSON.stringify(message);
  // What is stored must come back as it was.
  if (parseWorkerMessage(message) !== undefined && parseWorkerMessage(JSON.parse(text)) !== undefined) return;
  if (misfits.length < 5) misfits.push(text.slice(0, 300));
}

let framer = makeFramer();

function makeFramer(): JsonLineFramer {
  return new JsonLineFramer({
    onMessage: ({ method, id, params }) => {
      seen.messages++;
      if (typeof method === "string" && id === undefined) recorder.take(method, params);
    },
    onGarbage: () => seen.garbage++,
    onOverflow: () => {
      framer = makeFramer();
    },
  });
}

async function feed(lines: number): Promise<void> {
  for (let line = 0; line < lines; line++) {
    if (line % 500 === 0) await turn();
    const chunk = Buffer.concat([Buffer.from(gooseLine(random)), Buffer.from("\n")]);
    // Half lines too.
    const cut = random.chance(0.2) ? random.below(chunk.length) : 0;
    try {
      if (cut > 0) framer.push(chunk.subarray(0, cut));
      framer.push(chunk.subarray(cut));
    } catch (thrown) {
      if (exceptions.length < 5) exceptions.push(thrown instanceof Error ? (thrown.stack ?? thrown.message).slice(0, 600) : String(thrown));
    }
  }
}

recorder.startTurn();
await feed(Math.min(count, 5_000));
const before = process.memoryUsage().rss;
await feed(Math.max(0, count - 5_000));
recorder.tools.closeOpen("failed");
buffer.flush();
batcher.flush();
while (batcher.held.length > 0) await turn();
const report: FloodReport = {
  ...seen,
  malformed: recorder.malformed,
  exceptions,
  misfits,
  isPolluted: "polluted" in {},
  grownMb: Math.round((process.memoryUsage().rss - before) / 1_048_576),
};
process.stdout.write(JSON.stringify(report));
