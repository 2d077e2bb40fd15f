import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createTempDir, createTempRepo } from "../helpers/tempRepo.ts";
import { extensionId, packageExtension } from "../e2e/prepare.ts";
import { ActivationHost } from "./activationHost.ts";
import { gitId, type ActivationReport, type ExtensionActivation } from "./activationReport.ts";
import type { Benchmark, Measurement } from "./benchmark.ts";
import { median, spread } from "./statistics.ts";

const windows = 12;
const limitRatio = 0.6;

/**
 * Activation in a real VS Code against the built-in Git extension, both in each of several windows, one after the other and
 * in turn first. Git is asked to wait until it is told to activate, and no other extension is there: alone, both.
 */
export const activation: Benchmark = async ({ say }) => {
  using work = createTempDir("tma-");
  using repo = createTempRepo();
  say("packaging and installing");
  const vsix = packageExtension(work.dir);
  await using host = await ActivationHost.start(work.dir, vsix, say);
  say(`${windows} windows`);
  for (let index = 0; index < windows; index++) await host.openWindow(repo.dir);
  const reports = readdirSync(host.reports).map((file) => JSON.parse(readFileSync(join(host.reports, file), "utf8")) as ActivationReport);
  return { measurements: measurementsOf(reports), notes: notesOf(reports) };
};

type Amount = Exclude<keyof ExtensionActivation, "processes" | "foreignProcesses">;

function measurementsOf(reports: readonly ActivationReport[]): Measurement[] {
  const of = (id: string, what: Amount): number => median(reports.map((report) => report.extensions[id]?.[what] ?? Number.NaN));
  const line = (what: string, key: Amount): Measurement => ({
    what,
    unit: "ms",
    ours: of(extensionId, key),
    other: { name: "built-in Git", value: of(gitId, key) },
  });
  const whole = line("activation (load and activate())", "totalMs");
  const ratio = whole.ours / (whole.other?.value ?? Number.NaN);
  const processes = processesOf(reports, extensionId, "processes").length;
  const ofGit = processesOf(reports, gitId, "processes").length;
  return [
    { ...whole, goal: { text: `<= ${limitRatio}x`, met: ratio <= limitRatio } },
    line("  load the code", "loadMs"),
    line("  activate()", "activateMs"),
    line("extension host busy in the second from its beginning", "busyMs"),
    {
      what: "processes it started in that second, all windows together",
      unit: "",
      ours: processes,
      other: { name: "built-in Git", value: ofGit },
      goal: { text: "0", met: processes === 0 },
    },
    {
      what: "worker threads started in that second",
      unit: "",
      ours: of(extensionId, "threads"),
      other: { name: "built-in Git", value: of(gitId, "threads") },
    },
  ];
}

function processesOf(reports: readonly ActivationReport[], id: string, whose: "processes" | "foreignProcesses"): readonly string[] {
  return reports.flatMap((report) => report.extensions[id]?.[whose] ?? []);
}

function notesOf(reports: readonly ActivationReport[]): string[] {
  const values = (id: string, first: boolean): number[] =>
    reports.filter((report) => (report.first === id) === first).map((report) => report.extensions[id]?.totalMs ?? Number.NaN);
  const all = (id: string): number[] => [...values(id, true), ...values(id, false)];
  const foreign = new Set(processesOf(reports, extensionId, "foreignProcesses"));
  const order = (id: string): string => `first in the window ${median(values(id, true)).toFixed(1)} ms, second ${median(values(id, false)).toFixed(1)} ms`;
  return [
    `${reports.length} windows; quartiles of the activation in ms: ours ${spread(all(extensionId))}, Git ${spread(all(gitId))}`,
    `ours ${order(extensionId)}; Git ${order(gitId)}`,
    ...processesOf(reports, extensionId, "processes").map((command) => `started by us: ${command}`),
    `not counted, as their stacks lead to VS Code (it looks for ports) or to the other extension: ${foreign.size === 0 ? "none" : [...foreign].join("; ")}`,
    "Git is without its native package fs-copyfile (not in the npm code-server), which can only make it quicker",
    "Git's activate() waits for the processes with which it looks for git; ours returns and opens the queue behind it: compare the busy time too",
  ];
}
