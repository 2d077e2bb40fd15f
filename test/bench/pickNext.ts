import { join } from "node:path";
import { candidatesPerPriority, isEligible, score, selectTask } from "../../src/engine/selectTask.ts";
import type { RunCriteria } from "../../src/engine/facade.ts";
import type { Task } from "../../src/model/task.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { createTempDir } from "../helpers/tempRepo.ts";
import type { Benchmark, Measurement } from "./benchmark.ts";
import { rareTag, taskAt } from "./benchTasks.ts";
import { writeManyTasks } from "./manyTasks.ts";
import { median, percentile } from "./statistics.ts";

const sizes = [1_000, 10_000, 100_000, 1_000_000] as const;
const rounds = 200;
const warmUps = 20;
/** The scan, and picks by tag, may be slow: they are measured in every so many rounds. */
const slowEvery = 10;
const scanned = 100_000;

/** What is asked for. */
const asked = {
  any: { criteria: {}, suffix: "" },
  rare: { criteria: { requireTags: [rareTag.name] }, suffix: `, with a tag that one in ${rareTag.every} has` },
  absent: { criteria: { requireTags: ["nowhere"] }, suffix: ", with a tag that none has" },
} as const satisfies Record<string, { readonly criteria: RunCriteria; readonly suffix: string }>;

type Asked = keyof typeof asked;
const kinds = Object.keys(asked) as Asked[];

/** Microseconds of each pick. */
type Times = Readonly<Record<Asked, number[]>>;

/** Choosing the next task in queues of all sizes, in turn, against filter, map and sort over objects in memory. */
export const pickNext: Benchmark = async ({ say }) => {
  using folder = createTempDir("tm-bench-pick-");
  const now = Date.now();
  const stores = sizes.map((size) => {
    say(`making a queue with ${size} tasks`);
    const file = join(folder.dir, `${size}.db`);
    writeManyTasks(file, size, now);
    return new SqliteTaskStore(openDatabase(file));
  });
  const objects = Array.from({ length: scanned }, (_, index) => taskAt(index, now));
  const times = sizes.map(noTimes);
  const scans = noTimes();
  say(`${rounds} rounds`);
  try {
    for (let round = 0; round < rounds + warmUps; round++) {
      for (const [index, store] of stores.entries()) await pickEach(store, times[index], round);
      if (round % slowEvery === 0) scanEach(objects, scans);
    }
  } finally {
    for (const store of stores) await store.close();
  }
  return { measurements: measurementsOf(times, scans), notes: notesOf(times) };
};

function noTimes(): Times {
  return { any: [], rare: [], absent: [] };
}

/** Takes what was chosen out of the line, so that each round has another head. */
async function pickEach(store: SqliteTaskStore, times: Times | undefined, round: number): Promise<void> {
  for (const kind of kinds) {
    if (kind !== "any" && round % slowEvery !== 0) continue;
    const begun = performance.now();
    const chosen = await pick(store, asked[kind].criteria);
    if (round >= warmUps) times?.[kind].push(microseconds(begun));
    if (chosen !== undefined && kind === "any") await store.commit({ task: { ...chosen, status: "stopped" }, events: [] });
  }
}

async function pick(store: SqliteTaskStore, criteria: RunCriteria): Promise<Task | undefined> {
  const now = Date.now();
  return selectTask(await store.candidates(now, candidatesPerPriority(criteria), criteria), now, criteria);
}

function scanEach(objects: readonly Task[], times: Times): void {
  for (const kind of kinds) {
    const begun = performance.now();
    scan(objects, asked[kind].criteria);
    times[kind].push(microseconds(begun));
  }
}

/** What one would write without a database; the score is computed once for each task. */
function scan(objects: readonly Task[], criteria: RunCriteria): Task | undefined {
  const now = Date.now();
  const scored = objects.filter((task) => isEligible(task, now, criteria)).map((task) => ({ task, score: score(task, now) }));
  const deadline = ({ deadline = Number.MAX_SAFE_INTEGER }: Task): number => deadline;
  return scored.sort((a, b) => b.score - a.score || deadline(a.task) - deadline(b.task) || a.task.createdAt - b.task.createdAt)[0]?.task;
}

function microseconds(begun: number): number {
  return (performance.now() - begun) * 1000;
}

function measurementsOf(times: readonly Times[], scans: Times): Measurement[] {
  return kinds.flatMap((kind): Measurement[] => {
    const p50 = (size: number): number => median(times[sizes.findIndex((each) => each === size)]?.[kind] ?? []);
    const against = (size: number, other: { readonly name: string; readonly value: number }, limit: number): Measurement => ({
      what: `pick-next at ${size} tasks, p50${asked[kind].suffix}`,
      unit: "µs",
      ours: p50(size),
      other,
      goal: { text: `<= ${limit}x`, met: p50(size) <= limit * other.value },
    });
    const small = { name: "at 1000", value: p50(1_000) };
    return [against(100_000, small, 1.5), against(1_000_000, small, 2), against(scanned, { name: "filter, map, sort", value: median(scans[kind]) }, 0.01)];
  });
}

function notesOf(times: readonly Times[]): string[] {
  const p95 = (kind: Asked): string => sizes.map((size, index) => `${size}: ${percentile(times[index]?.[kind] ?? [], 0.95).toFixed(0)}`).join(", ");
  return [
    `${rounds} rounds over all sizes in turn; what was chosen leaves the line, so each round has another head`,
    ...kinds.map((kind) => `p95 in µs${asked[kind].suffix}: ${p95(kind)}`),
    `the scan: isEligible, score and order of the engine over ${scanned} task objects that are in memory already`,
  ];
}
