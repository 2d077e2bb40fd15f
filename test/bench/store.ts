import { join } from "node:path";
import { createTempDir } from "../helpers/tempRepo.ts";
import type { Benchmark, Measurement } from "./benchmark.ts";
import { newTaskAt } from "./benchTasks.ts";
import { openPlainjob } from "./plainjob.ts";
import { openRawRows } from "./rawRows.ts";
import { openFloor, openOurs, type OurSide, type QueueSide, type Synchronous } from "./queueSides.ts";
import { median, spread } from "./statistics.ts";

/** Small portions in turn: what else the machine does then meets all sides alike. */
const rounds = 60;
const warmUps = 5;
const portion = 20;
/** Tasks that wait behind those that are worked on. */
const backlog = 1000;
const atOnce = 50;

/** Microseconds per task. */
interface Cost {
  readonly enqueue: number;
  readonly work: number;
}

type Costs = Readonly<Record<string, readonly Cost[]>>;

/** Enqueue, claim and complete through the ledger and the store, against raw SQLite at the same durability and against plainjob. */
export const store: Benchmark = async ({ say }) => {
  using folder = createTempDir("tm-bench-store-");
  const file = (name: string): string => join(folder.dir, name);
  say(`${rounds} rounds of ${portion} tasks on each side at FULL`);
  const full = await measure(ourSides(file, "FULL"));
  say("the same at NORMAL");
  const plainjob = await openPlainjob(file("plainjob.db"), say);
  const normal = await measure({ ...ourSides(file, "NORMAL"), ...(plainjob === undefined ? {} : { plainjob }) });
  say(`${atOnce} at once`);
  const together = await measureTogether(openOurs(file("together.db"), "FULL", { dependencies: false }));
  return {
    measurements: [
      ...lines(full, { at: "FULL", other: "floor", goal: 0.8 }),
      sameRows(full, "FULL"),
      ...lines(normal, { at: "NORMAL", other: "floor" }),
      sameRows(normal, "NORMAL"),
      ...(plainjob === undefined ? [] : lines(normal, { at: "NORMAL", other: "plainjob", goal: 1.2 })),
      rate(`claim+complete at FULL, ${atOnce} at once`, together.together, { name: "one by one", value: together.single }),
    ],
    notes: [
      ...(plainjob === undefined ? ["plainjob: not available (it could not be installed or loaded)"] : []),
      "ours: choice, lease, attempt, journal, dependencies, dependants unblocked, with the reads of the ledger; every second task waits for the one before",
      "floor: node:sqlite, one table, one index, prepared statements, the same number of transactions; plainjob: better-sqlite3 at NORMAL, as it sets itself",
      "same rows: what SQLite itself takes for the rows that ours leaves behind (task, attempt, journal, dependants), by prepared statements alone, in the same number of transactions",
      `${rounds} rounds of ${portion} tasks on each side in turn, ${backlog} more waiting; quartiles of claim+complete in µs at FULL: ours ${spread(works(full, "ours"))}, floor ${spread(works(full, "floor"))}`,
    ],
  };
};

function ourSides(file: (name: string) => string, synchronous: Synchronous): Record<string, QueueSide> {
  return {
    ours: openOurs(file(`ours-${synchronous}.db`), synchronous, { dependencies: true }),
    free: openOurs(file(`free-${synchronous}.db`), synchronous, { dependencies: false }),
    floor: openFloor(file(`floor-${synchronous}.db`), synchronous),
    rows: openRawRows(file(`rows-${synchronous}.db`), synchronous),
  };
}

async function measure(sides: Readonly<Record<string, QueueSide>>): Promise<Costs> {
  const entries = Object.entries(sides);
  const costs: Record<string, Cost[]> = Object.fromEntries(entries.map(([name]) => [name, []]));
  try {
    for (const [, side] of entries) await enqueueMany(side, 0, backlog);
    for (let round = 0; round < rounds + warmUps; round++) {
      for (let turn = 0; turn < entries.length; turn++) {
        const [name, side] = entries[(turn + round) % entries.length] ?? raise();
        const cost = await onePortion(side, backlog + round * portion);
        if (round >= warmUps) costs[name]?.push(cost);
      }
    }
  } finally {
    for (const [, side] of entries) await side.close();
  }
  return costs;
}

async function onePortion(side: QueueSide, first: number): Promise<Cost> {
  const begun = performance.now();
  await enqueueMany(side, first, portion);
  const queued = performance.now();
  for (let index = 0; index < portion; index++) await side.work();
  return { enqueue: ((queued - begun) * 1000) / portion, work: ((performance.now() - queued) * 1000) / portion };
}

async function enqueueMany(side: QueueSide, first: number, count: number): Promise<void> {
  const now = Date.now();
  for (let index = first; index < first + count; index++) await side.enqueue(newTaskAt(index, now));
}

/** Microseconds per task when many are claimed and completed together, and one after the other. */
async function measureTogether(side: OurSide): Promise<{ readonly together: number; readonly single: number }> {
  const times: { together: number[]; single: number[] } = { together: [], single: [] };
  try {
    await enqueueMany(side, 0, backlog);
    for (let round = 0; round < rounds / 3; round++) {
      await enqueueMany(side, backlog + round * atOnce * 2, atOnce * 2);
      const first = await side.ready(atOnce);
      const begun = performance.now();
      const claimed = await Promise.all(first.map((id) => side.claim(id)));
      await Promise.all(claimed.map((task) => side.complete(task)));
      const middle = performance.now();
      for (let index = 0; index < atOnce; index++) await side.work();
      times.together.push(((middle - begun) * 1000) / atOnce);
      times.single.push(((performance.now() - middle) * 1000) / atOnce);
    }
  } finally {
    await side.close();
  }
  return { together: median(times.together), single: median(times.single) };
}

function lines(costs: Costs, { at, other, goal }: { readonly at: Synchronous; readonly other: string; readonly goal?: number }): Measurement[] {
  const of = (name: string, what: keyof Cost): number => median((costs[name] ?? []).map((cost) => cost[what]));
  const otherSide = (what: keyof Cost): { name: string; value: number } => ({ name: other, value: of(other, what) });
  const ratio = of(other, "work") / of("ours", "work");
  return [
    rate(`enqueue at ${at}`, of("ours", "enqueue"), otherSide("enqueue")),
    {
      ...rate(`claim+complete at ${at}`, of("ours", "work"), otherSide("work")),
      ...(goal === undefined ? {} : { goal: { text: `>= ${goal}x`, met: ratio >= goal } }),
    },
    rate("  the same without dependencies", of("free", "work"), otherSide("work")),
  ];
}

function sameRows(costs: Costs, at: Synchronous): Measurement {
  return rate(`claim+complete at ${at}`, median(works(costs, "ours")), { name: "same rows", value: median(works(costs, "rows")) });
}

function rate(what: string, ours: number, other: { readonly name: string; readonly value: number }): Measurement {
  const perSecond = (microseconds: number): number => 1e6 / microseconds;
  return { what, unit: "/s", ours: perSecond(ours), other: { name: other.name, value: perSecond(other.value) } };
}

function works(costs: Costs, name: string): number[] {
  return (costs[name] ?? []).map(({ work }) => work);
}

function raise(): never {
  throw new Error("no side to measure");
}
