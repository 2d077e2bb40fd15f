/** `npm run chaos -- --kills 1000 --seed 7`: prints what was done and found; ends with 1 when anything was lost, torn or done twice. */
import { parseArgs } from "node:util";
import { runChaos, type ChaosReport } from "./runChaos.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    processes: { type: "string", default: "4" },
    "without-fencing": { type: "boolean", default: false },
  },
});
const [kills, seed, processes] = [values.kills, values.seed, values.processes].map(Number) as [number, number, number];
if (![kills, seed, processes].every(Number.isInteger) || kills < 0 || processes < 1) {
  process.stderr.write("--kills, --seed and --processes take whole numbers.\n");
  process.exitCode = 2;
} else {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`seed ${seed}`);
  const report = await runChaos({ kills, seed, processes, withoutFencing: values["without-fencing"], say });
  process.stdout.write(`${render(report, seed)}\n`);
  if (report.violations.length > 0) process.exitCode = 1;
}

function render({ violations, ...numbers }: ChaosReport, seed: number): string {
  const rows = Object.entries({ seed, ...numbers, seconds: Math.round(numbers.seconds), violations: violations.length });
  const names: Readonly<Record<string, string>> = {
    interruptedTurns: "turns of the agent cut short",
    commitsFound: "commits found, not made again",
    staleWriters: "late writers rejected",
  };
  const lines = rows.map(([name, value]) => `${(names[name] ?? name).padEnd(32)} ${String(value).padStart(9)}`);
  return [...lines, ...violations.slice(0, 40)].join("\n");
}
