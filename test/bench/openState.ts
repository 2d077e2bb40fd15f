import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { candidatesPerPriority, selectTask } from "../../src/engine/selectTask.ts";
import { openQueue } from "../../src/store/openQueue.ts";
import { createTempDir } from "../helpers/tempRepo.ts";
import type { Benchmark } from "./benchmark.ts";
import { taskAt } from "./benchTasks.ts";
import { writeManyTasks } from "./manyTasks.ts";
import { interleave, median, spread } from "./statistics.ts";

const tasks = 100_000;
const rounds = 15;
const page = 100;
const limitRatio = 1 / 20;

/** Milliseconds. */
interface Opening {
  readonly total: number;
  readonly open: number;
  readonly pick: number;
  readonly page: number;
}

/** From nothing to the next task and the first page of the list, against reading the same tasks from JSON that is in memory already. */
export const openState: Benchmark = async ({ say }) => {
  using work = createTempDir("tm-bench-open-");
  say(`making a queue with ${tasks} tasks`);
  const now = Date.now();
  const ownDirectory = join(work.dir, "queue");
  const folder = join(work.dir, "folder");
  mkdirSync(ownDirectory);
  mkdirSync(folder);
  writeManyTasks(join(ownDirectory, "queue.db"), tasks, now);
  const json = JSON.stringify(Array.from({ length: tasks }, (_, index) => taskAt(index, now)));
  say(`${rounds} rounds`);
  const openOnce = (): Promise<Opening> => open({ folder, ownDirectory, dataDirectory: join(work.dir, "data") });
  const all = await interleave(rounds + 1, openOnce, () => Promise.resolve(parse(json)));
  const pairs = all.slice(1);
  const of = (part: keyof Opening): number => median(pairs.map(([opening]) => opening[part]));
  const parsing = median(pairs.map(([, ms]) => ms));
  return {
    measurements: [
      {
        what: `open, pick and first page with ${tasks} tasks`,
        unit: "ms",
        ours: of("total"),
        other: { name: "JSON.parse of the same tasks", value: parsing },
        goal: { text: `<= ${limitRatio}x`, met: of("total") <= limitRatio * parsing },
      },
      { what: "  open the queue", unit: "ms", ours: of("open") },
      { what: "  pick the next task", unit: "ms", ours: of("pick") },
      { what: `  first page of ${page}`, unit: "ms", ours: of("page") },
    ],
    notes: [
      `${rounds} rounds in turn, each with a new connection; quartiles in ms: ${spread(pairs.map(([opening]) => opening.total))}; the very first took ${(all[0]?.[0].total ?? Number.NaN).toFixed(1)}`,
      `the other side: ${(json.length / 1e6).toFixed(0)} MB of text that is in memory already; neither read from disk nor sorted`,
    ],
  };
};

async function open(place: { readonly folder: string; readonly ownDirectory: string; readonly dataDirectory: string }): Promise<Opening> {
  const begun = performance.now();
  const { store } = await openQueue(place);
  const opened = performance.now();
  const now = Date.now();
  const next = selectTask(await store.candidates(now, candidatesPerPriority({})), now);
  const picked = performance.now();
  const first = await store.list({ limit: page });
  const listed = performance.now();
  await store.close();
  if (next === undefined || first.length !== page) throw new Error("the queue is not as it was made");
  return { total: listed - begun, open: opened - begun, pick: picked - opened, page: listed - picked };
}

function parse(json: string): number {
  const begun = performance.now();
  const parsed = JSON.parse(json) as unknown[];
  const ms = performance.now() - begun;
  if (parsed.length !== tasks) throw new Error("the text is not as it was made");
  return ms;
}
