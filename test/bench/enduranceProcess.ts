/** A process of its own for the benchmark `endurance`: works off many tasks and prints what it then holds more than before, as JSON. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { setTimeout as delay } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import type { TaskEngineFacade } from "../../src/engine/facade.ts";
import { openBenchEngine } from "./benchEngine.ts";
import { newTaskAt } from "./benchTasks.ts";
import type { EnduranceReport, Held } from "./endurance.ts";

const [dist = "", warmUps = "0", tasks = "0"] = process.argv.slice(2);
const mb = 1e6;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
let warnings = 0;
process.on("warning", () => warnings++);

async function main(): Promise<EnduranceReport> {
  void [process.stdout, process.stderr]; // made at their first use, which would be a thread's
  const atFirst = await held();
  const engine = await openBenchEngine({ dist, settings: { poolModules: [fileURLToPath(new URL("./fakeHandlers.ts", import.meta.url))] } });
  let changes = 0;
  const subscription = engine.opened.engine.onDidChange((all) => void (changes += all.length));
  await workOff(engine.opened.engine, 0, Number(warmUps));
  const before = await held();
  const begun = performance.now();
  await workOff(engine.opened.engine, Number(warmUps), Number(tasks));
  const ms = performance.now() - begun;
  const after = await held();
  subscription.dispose();
  await engine[Symbol.asyncDispose]();
  return { before, after, atFirst, atLast: await held(), ms, warnings, changes };
}

async function workOff(engine: TaskEngineFacade, first: number, count: number): Promise<void> {
  const now = Date.now();
  for (let index = first; index < first + count; index++) await engine.enqueue({ ...newTaskAt(index, now), acceptance: { commands: [] } });
  const ended = await engine.runAll();
  if (ended.length !== count) throw new Error(`${ended.length} of ${count} tasks were run`);
  const last = await engine.get(ended.at(-1) ?? raise());
  if (last.status !== "done") throw new Error(`a task did not get done: ${JSON.stringify(last.result)}`);
}

/** What the process holds when it rests and its garbage is collected. */
async function held(): Promise<Held> {
  await delay(200);
  for (let round = 0; round < 3; round++) collect();
  const { rss, heapUsed } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().toSorted();
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { rssMb: rss / mb, heapMb: heapUsed / mb, resources, listeners, files: openFiles() };
}

/** Open files of this process; 0 where they cannot be counted. */
function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function raise(): never {
  throw new Error("no task was run");
}

process.stdout.write(JSON.stringify(await main()));
