import { expect, test } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { classifyRequestError } from "../../../src/worker/goose/classify.ts";
import { TurnRecorder } from "../../../src/worker/goose/turnRecorder.ts";
import { amount, fuzzTimeoutMs } from "../../hostile/amount.ts";
import type { FloodReport } from "../../hostile/gooseFlood.ts";
import { runScript } from "../../hostile/runScript.ts";
import { nestedJson } from "../../hostile/texts.ts";
import { RequestError } from "@agentclientprotocol/sdk";

function record(...updates: readonly object[]): { readonly events: WorkerEventBody[]; readonly recorder: TurnRecorder } {
  const events: WorkerEventBody[] = [];
  const recorder = new TurnRecorder({
    worktree: "/w",
    emit: (event) => events.push(event),
    onTerminal: () => undefined,
    onRun: () => undefined,
    onSteered: () => undefined,
  });
  for (const update of updates) recorder.take("session/update", { update });
  return { events, recorder };
}

const call = (toolCallId: string, more: object = {}): object => ({ sessionUpdate: "tool_call", toolCallId, title: "shell · ls", ...more });

test("whatever lines Goose writes, whole or in halves: no exception, every event fits the wire, memory is bounded", { timeout: fuzzTimeoutMs }, async () => {
  const lines = amount(20_000, 1_000_000);
  const report = await runScript<FloodReport>("gooseFlood.ts", [lines, 1]);
  expect(report).toMatchObject({ exceptions: [], misfits: [], isPolluted: false });
  expect(report.messages + report.garbage).toBeGreaterThan(lines / 2);
  expect(report.events).toBeGreaterThan(lines / 10);
  expect(report.malformed).toBeGreaterThan(lines / 20);
  expect(report.grownMb).toBeLessThan(100);
});

test("what is nested beyond any stack is told of as far as it goes", () => {
  const data = JSON.parse(nestedJson(50_000)) as unknown;
  const notification = (params: object): object => ({
    sessionUpdate: "tool_call_update",
    toolCallId: "a",
    _meta: { toolNotification: { type: "message", params } },
  });
  const { events } = record(call("a", { rawInput: data }), notification({ data }), notification({ data: { tool_call: { name: "step", arguments: data } } }));
  expect(events.filter(({ type }) => type === "tool_call")).toMatchObject([
    { call: { input: { a: { a: {} } } } },
    { call: { activity: expect.stringContaining('{"a":{"a":') } },
    { call: { activity: expect.stringContaining('step: {"a":{"a":') } },
  ]);
  expect(classifyRequestError(new RequestError(-32603, "no", data), "prompt").code).toBe("GOOSE_PROVIDER");
});

test("numbers that JSON cannot hold count as nothing, and stand as texts in an input", () => {
  const usage = { sessionUpdate: "usage_update", used: 1, accumulatedInputTokens: 1, accumulatedOutputTokens: 1 };
  const { events, recorder } = record(
    { ...usage, used: Infinity },
    { ...usage, accumulatedCost: Infinity },
    { ...usage, accumulatedInputTokens: 1e308 },
    call("a", { rawInput: { limit: Infinity } }),
  );
  expect(recorder.malformed).toBe(3);
  expect(events).toMatchObject([{ type: "tool_call", call: { input: { limit: "Infinity" } } }]);
});

test("calls that only ever begin are closed, the oldest first", () => {
  const { events, recorder } = record(...Array.from({ length: 1_000 }, (_, index) => call(`call_${index}`)));
  const failed = events.flatMap((event) => (event.type === "tool_call" && event.call.status === "failed" ? [event.call.toolCallId] : []));
  expect(failed).toEqual(Array.from({ length: 800 }, (_, index) => `call_${index}`));
  recorder.tools.closeOpen("cancelled");
  expect(recorder.tools.hasOpen).toBe(false);
});

test("changes of countless files are told of within bounds", () => {
  const content = Array.from({ length: 5_000 }, (_, index) => ({ type: "diff", path: `f${index}`, oldText: "x".repeat(20_000), newText: "y" }));
  const { events } = record(call("a", { content }));
  expect(events).toMatchObject([{ call: { diffs: { length: 200 } } }]);
  expect(JSON.stringify(events).length).toBeLessThan(2_200_000);
});
