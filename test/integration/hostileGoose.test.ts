/** A program in Goose's place that breaks the protocol in every way, through a whole run. Each in a process of its own, which measures itself. */
import { expect, test } from "vitest";
import { amount, fuzzTimeoutMs, isFull } from "../hostile/amount.ts";
import type { FakeGooseMode } from "../hostile/fakeGoose.ts";
import type { FakeRunReport } from "../hostile/runFakeGoose.ts";
import { runScript } from "../hostile/runScript.ts";

const run = (mode: FakeGooseMode, count: number, seed = 1): Promise<FakeRunReport> => runScript("runFakeGoose.ts", [mode, count, seed]);

const clearEnds = /^(done|GOOSE_(PROTOCOL|PROVIDER|EXITED|NO_ANSWER|MAX_TOKENS|MAX_TURNS|REFUSED|CONTEXT_FULL|NETWORK|AUTHENTICATION|RATE_LIMIT|CREDITS))$/;

test.each<readonly [FakeGooseMode, number, RegExp]>([
  // Megabytes.
  ["endlessLine", amount(64, 1_024), /^GOOSE_PROTOCOL$/],
  ["manyLines", amount(64, 1_024), /^done$/],
  ["halfLine", 1, /^GOOSE_EXITED$/],
  ["permissions", amount(5_000, 100_000), /^GOOSE_PROTOCOL$/],
  ["calls", amount(5_000, 100_000), /^done$/],
  ["nestedAnswer", 50_000, /^GOOSE_PROVIDER$/],
])("%s: a clear end, nothing thrown, bounded memory", { timeout: fuzzTimeoutMs }, async (mode, count, end) => {
  const report = await run(mode, count);
  expect(report).toMatchObject({ end: expect.stringMatching(end), misfits: [], uncaught: [] });
  expect(report.grownMb).toBeLessThan(100);
});

test("hostile lines between the handshake and an end: a clear end, nothing thrown, bounded memory", { timeout: fuzzTimeoutMs }, async () => {
  for (let seed = 1; seed <= (isFull ? 20 : 2); seed++) {
    const report = await run("lines", amount(1_000, 50_000), seed);
    expect(report).toMatchObject({ end: expect.stringMatching(clearEnds), misfits: [], uncaught: [] });
    expect(report.grownMb).toBeLessThan(100);
  }
});
