import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { OpenedEngine } from "../../src/composition.ts";
import type { TaskId } from "../../src/model/ids.ts";
import { openBenchEngine } from "./benchEngine.ts";
import type { Benchmark } from "./benchmark.ts";
import { interleave, median, percentile, spread } from "./statistics.ts";

const rounds = 300;
const warmUps = 20;
/** The queue is idle before each measurement; long enough for timers and checkpoints of the one before to be over. */
const idleMs = 10;
const limitMs = 5;
const limitRatio = 3;

/** Times of one start in milliseconds; `total` is what counts. */
interface Start {
  readonly total: number;
  readonly enqueue: number;
  /** Choosing, claiming and the way to the thread: the handler may begin before the claim's promise is heard. */
  readonly claim: number;
}

/** Idle: from the call that queues a task until its first handler begins in a worker thread, against bare SQLite and a bare thread. */
export const enqueueToStarted: Benchmark = async ({ dist, say }) => {
  const module = fileURLToPath(new URL("./startedHandler.ts", import.meta.url));
  await using engine = await openBenchEngine({ dist, settings: { poolModules: [module] } });
  await using floor = await openFloor(join(engine.home, "floor.db"));
  say(`${rounds} starts of each side`);
  const ours = async (round: number): Promise<Start> => {
    await delay(idleMs);
    return startTask(engine.opened, `task ${round}`);
  };
  const other = async (round: number): Promise<Start> => {
    await delay(idleMs);
    return floor.start(`task ${round}`);
  };
  const pairs = (await interleave(rounds + warmUps, ours, other)).slice(warmUps);
  const of = (side: 0 | 1, part: keyof Start): number[] => pairs.map((pair) => pair[side][part]);
  const [ourP95, floorP95] = [percentile(of(0, "total"), 0.95), percentile(of(1, "total"), 0.95)];
  const floorIs = (p: number): { name: string; value: number } => ({ name: "floor", value: percentile(of(1, "total"), p) });
  const part = (name: keyof Start, what: string): { what: string; unit: "ms"; ours: number; other: { name: string; value: number } } => ({
    what: `  p50 of it: ${what}`,
    unit: "ms",
    ours: median(of(0, name)),
    other: { name: "floor", value: median(of(1, name)) },
  });
  return {
    measurements: [
      { what: "enqueue -> handler started, p50", unit: "ms", ours: median(of(0, "total")), other: floorIs(0.5) },
      {
        what: "enqueue -> handler started, p95",
        unit: "ms",
        ours: ourP95,
        other: floorIs(0.95),
        goal: { text: `<= ${limitMs} ms and <= ${limitRatio}x floor`, met: ourP95 <= limitMs && ourP95 <= limitRatio * floorP95 },
      },
      part("enqueue", "enqueue"),
      part("claim", "choose, claim, to the thread"),
    ],
    notes: [
      `floor: node:sqlite with WAL and FULL, insert and claim in a transaction each, postMessage to a thread; ${rounds} starts of each side, in turn`,
      `quartiles in ms: ours ${spread(of(0, "total"))}, floor ${spread(of(1, "total"))}; p99 ours ${percentile(of(0, "total"), 0.99).toFixed(2)}, floor ${percentile(of(1, "total"), 0.99).toFixed(2)}`,
    ],
  };
};

async function startTask({ engine }: OpenedEngine, title: string): Promise<Start> {
  const begun = process.hrtime.bigint();
  const task = await engine.enqueue({ title });
  const queued = process.hrtime.bigint();
  const running = await engine.runNext();
  if (running?.task.id !== task.id) throw new Error("another task was started");
  await running.finished;
  return times(begun, queued, await handlerBegan(engine, task.id));
}

async function handlerBegan(engine: OpenedEngine["engine"], id: TaskId): Promise<bigint> {
  const events = await engine.events(id, { limit: 100 });
  const failure = events.find((event) => event.type === "error");
  const [, time] = /began at (\d+)/.exec(failure?.message ?? "") ?? [];
  if (time === undefined) throw new Error(`the handler was not reached: ${JSON.stringify(failure)}`);
  return BigInt(time);
}

function times(begun: bigint, queued: bigint, started: bigint): Start {
  const ms = (from: bigint, to: bigint): number => Number(to - from) / 1e6;
  return { total: ms(begun, started), enqueue: ms(begun, queued), claim: ms(queued, started) };
}

interface Floor extends AsyncDisposable {
  start(title: string): Promise<Start>;
}

/** The least that a durable queue and a thread can cost. */
async function openFloor(file: string): Promise<Floor> {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT NOT NULL, priority INTEGER NOT NULL, body TEXT NOT NULL) STRICT");
  db.exec("CREATE INDEX line ON tasks (status, priority, id)");
  const insert = db.prepare("INSERT INTO tasks (status, priority, body) VALUES ('todo', 2, ?)");
  const claim = db.prepare(
    "UPDATE tasks SET status = 'running' WHERE id = (SELECT id FROM tasks WHERE status = 'todo' ORDER BY priority, id LIMIT 1) RETURNING id, body",
  );
  const transaction = <T>(work: () => T): T => {
    db.exec("BEGIN IMMEDIATE");
    const result = work();
    db.exec("COMMIT");
    return result;
  };
  const thread = new Worker(new URL("./floorThread.ts", import.meta.url));
  await once(thread, "online");
  const start = async (title: string): Promise<Start> => {
    const begun = process.hrtime.bigint();
    transaction(() => insert.run(JSON.stringify({ title })));
    const queued = process.hrtime.bigint();
    const task = transaction(() => claim.get());
    thread.postMessage(task);
    const [began] = (await once(thread, "message")) as [bigint];
    return times(begun, queued, began);
  };
  const dispose = async (): Promise<void> => {
    await thread.terminate();
    db.close();
  };
  return { start, [Symbol.asyncDispose]: dispose };
}
