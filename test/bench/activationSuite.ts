/** Runs inside the extension host of a fresh window: activates both extensions, each alone, and writes a report. */
import type { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { extensions } from "vscode";
import { activationEnv, gitId, type ActivationReport, type ExtensionActivation } from "./activationReport.ts";

/** VS Code keeps its marks itself. */
interface VscodeMarks {
  getMarks(): readonly { readonly name: string; readonly startTime: number }[];
}

/** So long the window is left alone before the first activation. */
const settleMs = 1500;
const observedMs = 1000;

/** Everything that this process started, with the stack that tells who did. */
const children: { readonly child: ChildProcess; readonly stack: string }[] = [];
let threads = 0;
Error.stackTraceLimit = 50;
subscribe("child_process", (message) => void children.push({ child: (message as { process: ChildProcess }).process, stack: new Error("who").stack ?? "" }));
subscribe("worker_threads", () => void threads++);

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
  const before = { children: children.length, threads };
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
    processes: commandLines(before.children, (stack) => stack.includes(extension.extensionPath)),
    foreignProcesses: commandLines(before.children, (stack) => !stack.includes(extension.extensionPath)),
    threads: threads - before.threads,
  };
}

function commandLines(since: number, isWanted: (stack: string) => boolean): string[] {
  const wanted = children.slice(since).filter(({ stack }) => isWanted(stack));
  return wanted.map(({ child }) => child.spawnargs.join(" "));
}

function between(from: string, to: string): number {
  const marks = (globalThis as { MonacoPerformanceMarks?: VscodeMarks }).MonacoPerformanceMarks?.getMarks() ?? [];
  const time = (name: string): number => marks.find((mark) => mark.name === name)?.startTime ?? Number.NaN;
  return time(to) - time(from);
}
