/** Runs inside the extension host of a fresh window: activates both extensions, each alone, and writes a report. */
import { subscribe } from "node:diagnostics_channel";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { extensions } from "vscode";
import { activationEnv, gitId, type ActivationReport, type ExtensionActivation } from "./activationReport.ts";

/** So long the window is left alone before the first activation. */
const settleMs = 1500;
const observedMs = 1000;

const started = { processes: 0, threads: 0 };
subscribe("child_process", () => void started.processes++);
subscribe("worker_threads", () => void started.threads++);

/** Called by VS Code's test driver. */
export async function run(): Promise<void> {
  const reports = process.env[activationEnv.reports] ?? "";
  const ours = process.env[activationEnv.extension] ?? "";
  const round = readdirSync(reports).length;
  const order = round % 2 === 0 ? [ours, gitId] : [gitId, ours];
  await extensions.getExtension("vscode.git-base")?.activate(); // Git depends on it; it is nobody's time
  await delay(settleMs);
  const found: Record<string, ExtensionActivation> = {};
  for (const id of order) found[id] = await measure(id);
  const report: ActivationReport = { first: order[0] ?? "", extensions: found };
  writeFileSync(join(reports, `${String(round).padStart(3, "0")}.json`), JSON.stringify(report));
}

async function measure(id: string): Promise<ExtensionActivation> {
  const extension = extensions.getExtension(id);
  if (extension === undefined) throw new Error(`${id} is not installed`);
  if (extension.isActive) throw new Error(`${id} is active already`);
  const before = { ...started };
  const utilization = performance.eventLoopUtilization();
  const begun = performance.now();
  await extension.activate();
  const totalMs = performance.now() - begun;
  await delay(observedMs - totalMs);
  return {
    totalMs,
    loadMs: between(`code/extHost/willLoadExtensionCode/${id}`, `code/extHost/didLoadExtensionCode/${id}`),
    activateMs: between(`code/extHost/willActivateExtension/${id}`, `code/extHost/didActivateExtension/${id}`),
    busyMs: performance.eventLoopUtilization(utilization).active,
    processes: started.processes - before.processes,
    threads: started.threads - before.threads,
  };
}

function between(from: string, to: string): number {
  const time = (name: string): number => performance.getEntriesByName(name)[0]?.startTime ?? Number.NaN;
  return time(to) - time(from);
}
