/**
 * Side-by-side benchmarks. `npm run bench` builds and runs all; names as arguments choose, `--json` prints one document.
 * Numbers are for people: nothing here fails because something is slow.
 */
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTempDir } from "../helpers/tempRepo.ts";
import { activation } from "./activation.ts";
import { ratioOf, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { bundles } from "./bundles.ts";
import { endurance } from "./endurance.ts";
import { enqueueToStarted } from "./enqueueToStarted.ts";
import { eventStreams } from "./eventStreams.ts";
import { openState } from "./openState.ts";
import { pickNext } from "./pickNext.ts";
import { runView } from "./runView.ts";
import { store } from "./store.ts";
import { renderTable } from "./table.ts";
import { wholeTask } from "./wholeTask.ts";

const benchmarks: Readonly<Record<string, Benchmark>> = {
  bundles,
  enqueueToStarted,
  store,
  pickNext,
  openState,
  endurance,
  wholeTask,
  eventStreams,
  runView,
  activation,
};

const asJson = process.argv.includes("--json");
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const unknown = wanted.filter((name) => benchmarks[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(", ")}. There are: ${Object.keys(benchmarks).join(", ")}.\n`);
  process.exitCode = 2;
} else await main(wanted.length === 0 ? Object.keys(benchmarks) : wanted);

async function main(names: readonly string[]): Promise<void> {
  const built = fileURLToPath(new URL("../../dist", import.meta.url));
  if (!existsSync(join(built, "extension.cjs"))) throw new Error('There is no build to measure: run "npm run bench".');
  using copy = createTempDir("tm-bench-dist-");
  cpSync(built, copy.dir, { recursive: true });
  const results: Record<string, BenchmarkResult> = {};
  for (const name of names) {
    const say = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
    const result = await benchmarks[name]?.({ dist: copy.dir, say });
    if (result === undefined) continue;
    results[name] = result;
    if (!asJson) process.stdout.write(`\n${name}\n${renderTable(result.measurements)}\n${result.notes.map((note) => `  ${note}\n`).join("")}`);
  }
  if (asJson) process.stdout.write(`${JSON.stringify(withRatios(results), null, 2)}\n`);
}

function withRatios(results: Readonly<Record<string, BenchmarkResult>>): unknown {
  const entries = Object.entries(results).map(([name, { measurements, notes }]) => [
    name,
    { measurements: measurements.map((measurement) => ({ ...measurement, ratio: ratioOf(measurement) })), notes },
  ]);
  return { node: process.version, platform: `${process.platform}-${process.arch}`, benchmarks: Object.fromEntries(entries) as unknown };
}
