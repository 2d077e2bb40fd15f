import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { TaskId } from "../../src/model/ids.ts";
import type { TaskEventBody } from "../../src/model/taskEvent.ts";
import { Session } from "../e2e/session.ts";
import { openQueueOf, seedRun } from "../helpers/seedRun.ts";
import { createTempDir } from "../helpers/tempRepo.ts";
import type { Workbench } from "../helpers/vscodeHost/workbench.ts";
import type { Benchmark, Measurement } from "./benchmark.ts";
import { heapOf, shownAfter, watchStream, watchWork, type StreamSample } from "./runViewProbe.ts";
import { median, percentile, spread } from "./statistics.ts";

const events = 100_000;
const rounds = 5;
const streamMs = 8_000;
const wanted = 20_000;
const [longRun, shortRun, liveRun] = ["Long run", "Short run", "Live run"];
const lastWords = "the last words of the run";

/**
 * The run view in a real VS Code: opened on a journal of 100,000 entries against one of ten, in turn; then while a process in Goose's
 * place streams 20,000 messages a second through worker, engine and store.
 */
export const runView: Benchmark = async ({ say }) => {
  using work = createTempDir("tm-bench-view-");
  say("starting VS Code");
  const session = await Session.start({ worker: await buildWorker(work.dir) });
  try {
    say(`writing ${events} entries`);
    session.cli("add", liveRun);
    for (const [title, count] of [
      [longRun, events],
      [shortRun, 10],
    ] as const) {
      await seedRun(
        session,
        title,
        Array.from({ length: count }, (_, index) => bodyAt(index, count)),
      );
    }
    const window = await session.open();
    await window.openContainer("Task Master");
    const opened = await openBoth(session, window, say);
    say(`streaming ${wanted} events a second`);
    const stream = await streamOnce(session, window);
    return { measurements: [...openingLines(opened), ...streamLines(stream)], notes: notesOf(opened, stream) };
  } finally {
    await session.stop();
  }
};

/** The worker as it is shipped, but for the one handler. */
async function buildWorker(folder: string): Promise<string> {
  const outfile = join(folder, "worker.cjs");
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const inGoosesPlace: Plugin = {
    name: "in Goose's place",
    setup: (build) => build.onResolve({ filter: /\/gooseRun\.ts$/ }, () => ({ path: here("./streamingGoose.ts") })),
  };
  await build({
    entryPoints: [here("../../src/worker/harness.ts")],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    external: ["vscode"],
    plugins: [inGoosesPlace],
    logLevel: "warning",
  });
  return outfile;
}

function bodyAt(index: number, count: number): TaskEventBody {
  if (index === 0) return { type: "created" };
  if (index === count - 1) return { type: "message", role: "agent", messageId: "last", text: lastWords };
  if (index % 10 === 3) return { type: "message", role: "thought", messageId: `t${index}`, text: "I look for the place where this is decided." };
  if (index % 10 < 7)
    return { type: "message", role: "agent", messageId: `m${index >> 3}`, text: "A piece of **Markdown** that Goose says, of a usual length.\n\n" };
  const call = { toolCallId: `c${index - (index % 10)}` };
  if (index % 10 === 7)
    return { type: "tool_call", call: { ...call, status: "in_progress", toolName: "shell", kind: "execute", input: { command: "npm test" } } };
  return {
    type: "tool_call",
    call: index % 10 === 8 ? { ...call, outputDelta: "ok 1 - it works\n".repeat(10) } : { ...call, status: "completed", exitCode: 0 },
  };
}

interface Opening {
  /** From the begin of the page to its first rows on the screen, and from the click on the row of the tree to the last words. */
  readonly page: number;
  readonly whole: number;
}

interface Opened {
  readonly long: readonly Opening[];
  readonly short: readonly Opening[];
  readonly nodes: number;
  readonly heapMb: number;
}

async function openBoth(session: Session, window: Workbench, say: (line: string) => void): Promise<Opened> {
  const [long, short]: [Opening[], Opening[]] = [[], []];
  const before = await heapOf(window.page);
  for (let round = 0; round <= rounds; round++) {
    say(`opening, round ${round} of ${rounds}`);
    for (const title of round % 2 === 0 ? [longRun, shortRun] : [shortRun, longRun])
      (title === longRun ? long : short).push(await openOnce(session, window, title));
  }
  await openOnce(session, window, longRun, { stays: true });
  const nodes = await session.runView(window).locator("*").count();
  const after = await heapOf(window.page);
  await close(window, longRun);
  // The first of each pays for what VS Code loads once.
  return { long: long.slice(1), short: short.slice(1), nodes, heapMb: after - before };
}

async function openOnce(session: Session, window: Workbench, title: string, { stays = false } = {}): Promise<Opening> {
  const begun = performance.now();
  await window.rows(title).click();
  const view = session.runView(window);
  await view.getByText(lastWords).first().waitFor();
  const whole = performance.now() - begun;
  const page = await shownAfter(view);
  if (!stays) await close(window, title);
  return { page, whole };
}

/** By the mouse: a webview that has just opened swallows the keys of the palette. */
async function close(window: Workbench, title: string): Promise<void> {
  const tab = window.tab(title);
  await tab.hover();
  await tab.locator(".tab-actions .action-label").click();
  await tab.waitFor({ state: "detached" });
}

interface Streamed extends StreamSample {
  readonly perSecond: number;
  /** Times between frames of the same page while nothing happens. */
  readonly idle: readonly number[];
  /** Milliseconds of each second in which the window's main thread worked. */
  readonly busy: number;
}

async function streamOnce(session: Session, window: Workbench): Promise<Streamed> {
  await window.rows(shortRun).click();
  const view = session.runView(window);
  await view.getByText(lastWords).first().waitFor();
  const { frames: idle } = await watchStream(view, streamMs);
  const work = await watchWork(window.page);
  await window.clickInlineAction(liveRun, "Run");
  await window.rows(liveRun).click();
  await view
    .getByText(/said at/)
    .first()
    .waitFor();
  const [id = ""] = session
    .cli("list", "--json")
    .split("\n")
    .filter((line) => line.includes(liveRun))
    .map((line) => (JSON.parse(line) as { id: string }).id);
  const before = await newestSeq(session, id);
  const begun = performance.now();
  await work();
  const sample = await watchStream(view, streamMs);
  const busy = (await work()) / (streamMs / 1_000);
  const perSecond = ((await newestSeq(session, id)) - before) / ((performance.now() - begun) / 1_000);
  return { ...sample, perSecond, idle, busy };
}

async function newestSeq(session: Session, id: string): Promise<number> {
  const { store } = await openQueueOf(session);
  const [last] = await store.events(id as TaskId, { beforeSeq: Number.MAX_SAFE_INTEGER, limit: 1 });
  await store.close();
  return last?.seq ?? 0;
}

function openingLines({ long, short, nodes, heapMb }: Opened): readonly Measurement[] {
  const of = (openings: readonly Opening[], part: keyof Opening): number => median(openings.map((opening) => opening[part]));
  const line = (part: keyof Opening): Pick<Measurement, "unit" | "ours" | "other"> => ({
    unit: "ms",
    ours: of(long, part),
    other: { name: "10 entries", value: of(short, part) },
  });
  return [
    { what: `run view on ${events} entries: begin of the page to its rows`, ...line("page"), goal: { text: "< 500 ms", met: of(long, "page") < 500 } },
    { what: "  from the click, with the webview that VS Code makes", ...line("whole") },
    { what: "  elements in the page", unit: "", ours: nodes, goal: { text: "< 500", met: nodes < 500 } },
    { what: "  memory of scripts in the window, above none open", unit: "MB", ours: heapMb, goal: { text: "< 60 MB", met: heapMb < 60 } },
  ];
}

function streamLines({ frames, lags, maxNodes, perSecond, idle, busy }: Streamed): readonly Measurement[] {
  const [frame, lag] = [percentile(frames, 0.99), median(lags)];
  return [
    {
      what: "run view while a worker streams: events a second in the journal",
      unit: "/s",
      ours: perSecond,
      goal: { text: `${wanted}`, met: perSecond >= 0.95 * wanted },
    },
    { what: "  age of the newest row in view, p50", unit: "ms", ours: lag, goal: { text: "<= 100 ms", met: lag <= 100 } },
    { what: "  its p95", unit: "ms", ours: percentile(lags, 0.95) },
    {
      what: "  time between frames, p99",
      unit: "ms",
      ours: frame,
      other: { name: "idle", value: percentile(idle, 0.99) },
      goal: { text: "<= 34 ms", met: frame <= 34 },
    },
    { what: "  the window's main thread at work in each second", unit: "ms", ours: busy },
    { what: "  most elements in the page", unit: "", ours: maxNodes, goal: { text: "< 500", met: maxNodes < 500 } },
  ];
}

function notesOf({ long, short }: Opened, { frames, lags }: Streamed): readonly string[] {
  return [
    `${rounds} rounds in turn after one that does not count; quartiles from the begin of the page in ms: ${spread(long.map(({ page }) => page))} and ${spread(short.map(({ page }) => page))}`,
    `${streamMs / 1_000} s of streaming, ${frames.length} frames, ${lags.length} looks; the age counts from the worker thread that said it, over engine, SQLite and the page`,
    "worker, extension host, VS Code's server, its window and Chromium's compositor without a GPU share the cores of this machine",
    `load of the machine at the end: ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores; where it is far above their number the times tell of the machine, the work of the main thread does not`,
  ];
}
