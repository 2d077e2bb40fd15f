import { expect, test } from "vitest";
import type { Usage } from "../../../src/model/usage.ts";
import type { UsageNews } from "../../../src/worker/goose/sessionUpdates.ts";
import { UsageMeter } from "../../../src/worker/goose/usageMeter.ts";

/** Goose's own form of a report. */
const totals = (input: number, output: number, cost?: number): UsageNews => ({
  sessionUpdate: "usage_update",
  used: input + output,
  contextLimit: 8_000,
  accumulatedInputTokens: input,
  accumulatedOutputTokens: output,
  accumulatedCost: cost,
});
const own = (usage: Usage | undefined): unknown => usage && [usage.inputTokens, usage.outputTokens, usage.costUsd];

test("a new session of a new attempt: the totals are the attempt's own", () => {
  const meter = new UsageMeter({ used: { inputTokens: 0, outputTokens: 0 } });
  meter.startAtZero();
  expect(meter.take(totals(0, 0))).toEqual({ inputTokens: 0, outputTokens: 0, contextUsed: 0, contextSize: 8_000 });
  expect(own(meter.take(totals(100, 10, 0.5)))).toEqual([100, 10, 0.5]);
  expect(meter.take(totals(100, 10, 0.5))).toBeUndefined();
});

test("the same session in the next attempt: what an earlier attempt used does not count again", async () => {
  const meter = new UsageMeter({ used: { inputTokens: 0, outputTokens: 0 } });
  expect(meter.offset).toBeUndefined();
  expect(own(meter.take(totals(100, 10, 0.5)))).toEqual([0, 0, 0]);
  await meter.started;
  expect(own(meter.take(totals(130, 14, 0.75)))).toEqual([30, 4, 0.25]);
});

test("the same session in the same attempt: goes on, also with what was used but not heard before the process ended", () => {
  const first = new UsageMeter({ used: { inputTokens: 0, outputTokens: 0 } });
  first.take(totals(100, 10, 0.5));
  first.take(totals(130, 14, 0.75));
  const offset = first.offset;
  const second = new UsageMeter({ used: { inputTokens: 30, outputTokens: 4, costUsd: 0.25 }, ...(offset === undefined ? {} : { offset }) });
  expect(own(second.take(totals(150, 15, 1)))).toEqual([50, 5, 0.5]);
});

test("another session in the same attempt: what the first used stays", () => {
  const meter = new UsageMeter({ used: { inputTokens: 30, outputTokens: 4, costUsd: 0.25 } });
  meter.startAtZero();
  expect(meter.offset).toEqual({ inputTokens: -30, outputTokens: -4, costUsd: -0.25 });
  expect(own(meter.take(totals(0, 0)))).toEqual([30, 4, 0.25]);
  expect(own(meter.take(totals(5, 1)))).toEqual([35, 5, 0.25]);
});

test("ACP's own form tells only the context", () => {
  const meter = new UsageMeter({ used: { inputTokens: 3, outputTokens: 4 } });
  expect(meter.take({ sessionUpdate: "usage_update", used: 70, size: 100 })).toEqual({ inputTokens: 3, outputTokens: 4, contextUsed: 70, contextSize: 100 });
  expect(meter.offset).toBeUndefined();
});

test("totals that went back never make a negative usage", () => {
  const meter = new UsageMeter({ used: { inputTokens: 0, outputTokens: 0 }, offset: { inputTokens: 50, outputTokens: 50, costUsd: 1 } });
  expect(own(meter.take(totals(10, 60, 0.5)))).toEqual([0, 10, 0]);
});

test("answers and time of work are counted over the processes of an attempt", () => {
  let workedMs = 0;
  const meter = new UsageMeter({ used: { inputTokens: 5, outputTokens: 1, turns: 2, activeMs: 60_000 } }, () => workedMs);
  meter.startAtZero();
  workedMs = 1_500.4;
  expect(meter.answered()).toMatchObject({ inputTokens: 5, turns: 3, activeMs: 61_500 });
  expect(meter.take(totals(10, 2))).toMatchObject({ inputTokens: 15, turns: 3, activeMs: 61_500 });
  expect(meter.tick()).toBeUndefined();
  workedMs = 2_000;
  expect(meter.tick()).toMatchObject({ turns: 3, activeMs: 62_000 });
  // Time alone makes no report of Goose a new one.
  workedMs = 3_000;
  expect(meter.take(totals(10, 2))).toBeUndefined();
});
