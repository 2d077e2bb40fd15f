/** Prints what the tests reach of each folder, from the summary of `npm run coverage`; ends with 1 where engine, store, host or worker is below the limit. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Of lines and of branches, in percent. */
const limit = 90;
const held: ReadonlySet<string> = new Set(["engine", "store", "host", "worker"]);

interface Count {
  readonly total: number;
  readonly covered: number;
}

type Summary = Readonly<Record<string, { readonly lines: Count; readonly branches: Count }>>;

const root = fileURLToPath(new URL("../..", import.meta.url));
const summary = JSON.parse(readFileSync(path.join(root, "coverage/coverage-summary.json"), "utf8")) as Summary;

const folders = new Map<string, { lines: Count; branches: Count }>();
for (const [file, { lines, branches }] of Object.entries(summary)) {
  const [source, folder = ""] = path.relative(root, file).split(path.sep);
  if (file === "total" || source !== "src") continue;
  const before = folders.get(folder) ?? { lines: { total: 0, covered: 0 }, branches: { total: 0, covered: 0 } };
  folders.set(folder, { lines: sum(before.lines, lines), branches: sum(before.branches, branches) });
}

let isLow = false;
process.stdout.write(`${"folder".padEnd(12)}${"lines %".padStart(9)}${"branches %".padStart(12)}\n`);
for (const [folder, { lines, branches }] of [...folders].sort(([a], [b]) => a.localeCompare(b))) {
  const isBelow = held.has(folder) && Math.min(percent(lines), percent(branches)) < limit;
  isLow ||= isBelow;
  const row = `${folder.padEnd(12)}${percent(lines).toFixed(1).padStart(9)}${percent(branches).toFixed(1).padStart(12)}`;
  process.stdout.write(`${row}${isBelow ? `  below ${limit}` : ""}\n`);
}
const missing = [...held].filter((folder) => !folders.has(folder));
if (missing.length > 0) process.stdout.write(`not measured: ${missing.join(", ")}\n`);
process.exitCode = isLow || missing.length > 0 ? 1 : 0;

function sum(a: Count, b: Count): Count {
  return { total: a.total + b.total, covered: a.covered + b.covered };
}

function percent({ total, covered }: Count): number {
  return total === 0 ? 100 : (100 * covered) / total;
}
