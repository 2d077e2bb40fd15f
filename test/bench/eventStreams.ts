import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openBenchEngine } from "./benchEngine.ts";
import type { Benchmark } from "./benchmark.ts";

const streams = 16;
const wanted = 20_000;
const windowMs = 5_000;
const limitMs = 3;

/** Delays of the event loop in milliseconds; the histogram's own timer of 1 ms is part of them. */
interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How late the host's event loop gets while sixteen workers stream through the real worker host into the real journal, against the same host idle. */
export const eventStreams: Benchmark = async ({ dist, say }) => {
  const module = fileURLToPath(new URL("./streamingHandler.ts", import.meta.url));
  await using engine = await openBenchEngine({ dist, settings: { poolModules: [module], poolSize: streams } });
  const { engine: queue } = engine.opened;
  say("idle");
  await delay(500);
  const idle = await loopDelay();
  const streaming = new Set<string>();
  let heard = 0;
  const subscription = queue.onDidChange((changes) => {
    for (const { event } of changes) {
      if (event.type !== "message") continue;
      streaming.add(event.taskId);
      heard += 1;
    }
  });
  for (let index = 0; index < streams; index++) await queue.enqueue({ title: `stream ${index}` });
  const working = queue.runAll();
  while (streaming.size < streams) await delay(20);
  say(`${streams} streams`);
  const [before, begun, used] = [heard, performance.now(), threadCpu()];
  const busy = await loopDelay();
  const told = heard - before;
  const rate = Math.round((told / (performance.now() - begun)) * 1_000);
  const cpu = (threadCpu() - used) / told;
  await working;
  subscription.dispose();
  const line = (p: keyof LoopDelay): { unit: "ms"; ours: number; other: { name: string; value: number } } => ({
    unit: "ms",
    ours: busy[p],
    other: { name: "idle", value: idle[p] },
  });
  const above = busy.p99 - idle.p99;
  return {
    measurements: [
      { what: `event loop of the host, ${streams} streams, p50`, ...line("p50") },
      {
        what: `event loop of the host, ${streams} streams, p99`,
        ...line("p99"),
        goal: { text: `<= ${limitMs} ms above idle`, met: above <= limitMs },
      },
      { what: "  its longest delay", ...line("max") },
      { what: "CPU time of the host's thread per event", unit: "µs", ours: cpu },
      { what: "events journalled and heard per second", unit: "", ours: rate, goal: { text: `${wanted}`, met: rate >= wanted * 0.95 } },
    ],
    notes: [
      `p99 above idle: ${above.toFixed(2)} ms; ${windowMs / 1_000} s of each; idle is the same process with the engine open and nothing to do`,
      "every event is one of its own (none can be joined on the way) and is in the journal before it is heard",
    ],
  };
};

/** Microseconds of this thread alone: a busy machine changes it little. */
function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

async function loopDelay(): Promise<LoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await delay(windowMs);
  histogram.disable();
  return { p50: histogram.percentile(50) / 1e6, p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 };
}
