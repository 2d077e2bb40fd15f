import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Benchmark } from "./benchmark.ts";

const tasks = 1_000;
/** Until the worker threads are there and V8 has sized the heaps of all threads: RSS grows by about 15 MB on the way and then stays. */
const warmUps = 500;
const limitMb = 20;

/** What a process holds at one moment. */
export interface Held {
  readonly rssMb: number;
  readonly heapMb: number;
  /** Kinds of handles and requests that keep the process alive. */
  readonly resources: readonly string[];
  /** Listeners on the process itself. */
  readonly listeners: number;
  readonly files: number;
}

/** What the process of the benchmark prints. */
export interface EnduranceReport {
  /** Behind the warm-up, and behind all tasks. */
  readonly before: Held;
  readonly after: Held;
  /** Before the engine was opened, and after it was disposed. */
  readonly atFirst: Held;
  readonly atLast: Held;
  readonly ms: number;
  /** Warnings of Node, for instance of too many listeners. */
  readonly warnings: number;
  /** Changes that the engine published. */
  readonly changes: number;
}

/** Many tasks back to back in one process, with the shipped worker's threads, a fake agent and no git: what does the process hold then? */
export const endurance: Benchmark = async ({ dist, say }) => {
  say(`${warmUps} tasks to warm up, ${tasks} to measure`);
  const script = fileURLToPath(new URL("./enduranceProcess.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, dist, String(warmUps), String(tasks)]);
  const { before, after, atFirst, atLast, ms, warnings, changes } = JSON.parse(stdout) as EnduranceReport;
  const rss = after.rssMb - before.rssMb;
  const handles = countMore(before, after) + countMore(atFirst, atLast) + Math.max(0, atLast.files - atFirst.files);
  return {
    measurements: [
      {
        what: `growth of RSS over ${tasks} tasks`,
        unit: "MB",
        ours: rss,
        other: { name: "before", value: before.rssMb },
        goal: { text: `< ${limitMb} MB`, met: rss < limitMb },
      },
      { what: "growth of the heap in use", unit: "MB", ours: after.heapMb - before.heapMb, other: { name: "before", value: before.heapMb } },
      {
        what: "handles and listeners left, while open and after the end; files after the end",
        unit: "",
        ours: handles,
        goal: { text: "0", met: handles === 0 },
      },
      { what: "files open more than before, while open", unit: "", ours: after.files - before.files },
      { what: "warnings of Node", unit: "", ours: warnings },
      { what: "one task", unit: "ms", ours: ms / tasks },
    ],
    notes: [
      `the whole engine and the shipped worker in threads; the agent and git are fakes that answer at once; ${Math.round(changes / (tasks + warmUps))} changes published per task`,
      "SQLite keeps a file of a second connection (upkeep opens one) until the first is closed: one more while open is no leak",
      `resources behind the warm-up: ${kinds(before)}; behind all tasks: ${kinds(after)}; after the end: ${kinds(atLast)}`,
    ],
  };
};

function countMore(before: Held, after: Held): number {
  const more = (what: (held: Held) => number): number => Math.max(0, what(after) - what(before));
  return more(({ resources }) => resources.length) + more(({ listeners }) => listeners);
}

function kinds({ resources, files, listeners }: Held): string {
  const counts = Map.groupBy(resources, (kind) => kind);
  const list = [...counts].map(([kind, all]) => `${all.length} ${kind}`);
  return `${list.join(", ") || "none"}, ${files} open files, ${listeners} listeners`;
}
