/** What the benchmark looks at inside of the run view's page. */
import type { CDPSession, FrameLocator, Page } from "playwright-core";

/** Found while events streamed. */
export interface StreamSample {
  readonly frames: readonly number[];
  readonly lags: readonly number[];
  readonly maxNodes: number;
}

/** Milliseconds from the begin of the page until it painted something for the first time: before its rows it has nothing to show. */
export async function shownAfter(view: FrameLocator): Promise<number> {
  return view.locator("html").evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
}

/** Watches a log that streams: time between frames, age of the newest row that is shown, elements in the page. */
export async function watchStream(view: FrameLocator, forMs: number): Promise<StreamSample> {
  return view.locator("html").evaluate(watchInPage, forMs);
}

/** What a page has, as far as it is used here; these tests have no types of the DOM. */
interface PageGlobals {
  readonly requestAnimationFrame: (step: (now: number) => void) => void;
  readonly document: { querySelectorAll(selector: string): ArrayLike<{ readonly textContent: string | null }> };
}

/** Runs in the page, so it uses nothing from around it. */
function watchInPage(_root: unknown, forMs: number): Promise<StreamSample> {
  const { document, requestAnimationFrame } = globalThis as unknown as PageGlobals;
  const [frames, lags]: [number[], number[]] = [[], []];
  let maxNodes = 0;
  let last = performance.now();
  const end = last + forMs;
  return new Promise((resolve) => {
    const step = (now: number): void => {
      frames.push(now - last);
      last = now;
      const rows = document.querySelectorAll(".rows > .row");
      const said = /said at (\d+)/.exec(rows[rows.length - 1]?.textContent ?? "")?.[1];
      if (said !== undefined) lags.push(Date.now() - Number(said));
      maxNodes = Math.max(maxNodes, document.querySelectorAll("*").length);
      if (now < end) requestAnimationFrame(step);
      else resolve({ frames: frames.slice(1), lags, maxNodes });
    };
    requestAnimationFrame(step);
  });
}

/** Memory of scripts in the window after a collection (MB). */
export async function heapOf(page: Page): Promise<number> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize / 1e6;
}

/** Measures for how long the window's main thread works, waits for a core not counted; the answer is in milliseconds since the call before. */
export async function watchWork(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  let last = 0;
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const all = (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1_000;
    const since = all - last;
    last = all;
    return since;
  };
}
