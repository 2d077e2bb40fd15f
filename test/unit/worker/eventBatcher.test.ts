import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { batchIntervalMs, maxEventText, type WorkerMessage } from "../../../src/protocol/hostWorker.ts";
import { EventBatcher } from "../../../src/worker/eventBatcher.ts";

let posted: (readonly WorkerMessage[])[];
let batcher: EventBatcher;
beforeEach(() => {
  vi.useFakeTimers();
  posted = [];
  batcher = new EventBatcher((messages) => posted.push(messages));
});
afterEach(() => void vi.useRealTimers());

const say = (text: string, more: { messageId?: string; role?: "agent" | "thought" } = {}): WorkerEventBody => ({
  type: "message",
  role: "agent",
  messageId: "m",
  text,
  ...more,
});
const output = (outputDelta: string, toolCallId = "t"): WorkerEventBody => ({ type: "tool_call", call: { toolCallId, outputDelta } });

/** What was posted when the time of a batch is over: invocation and event. */
function events(): [number, WorkerEventBody][] {
  vi.advanceTimersByTime(batchIntervalMs);
  return posted.flat().flatMap((message) => (message.type === "event" ? [[message.invocationId, message.event] as [number, WorkerEventBody]] : []));
}

describe("pieces of a text", () => {
  test("that follow each other are one event, posted when the time of a batch is over", () => {
    batcher.event(1, say("a"));
    batcher.event(1, say("b"));
    expect(posted).toEqual([]);
    expect(events()).toEqual([[1, say("ab")]]);
  });

  test("of another invocation, message or role stay apart", () => {
    batcher.event(1, say("a"));
    batcher.event(2, say("b"));
    batcher.event(2, say("c", { messageId: "n" }));
    batcher.event(2, say("d", { messageId: "n", role: "thought" }));
    expect(events()).toEqual([
      [1, say("a")],
      [2, say("b")],
      [2, say("c", { messageId: "n" })],
      [2, say("d", { messageId: "n", role: "thought" })],
    ]);
  });

  test("are not joined to more than one event may hold", () => {
    batcher.event(1, say("x".repeat(maxEventText)));
    batcher.event(1, say("y"));
    batcher.event(1, output("x".repeat(maxEventText)));
    batcher.event(1, output("y"));
    expect(
      events().map(([, event]) => (event.type === "message" ? event.text.length : event.type === "tool_call" ? event.call.outputDelta?.length : 0)),
    ).toEqual([maxEventText, 1, maxEventText, 1]);
  });

  test("are cut where an event is full, never inside a character", () => {
    batcher.event(1, say(`${"x".repeat(maxEventText - 1)}😀`));
    const texts = events().map(([, event]) => (event.type === "message" ? event.text : ""));
    expect(texts).toEqual(["x".repeat(maxEventText - 1), "😀"]);
  });
});

describe("output of a tool call", () => {
  test("is joined to what the call said before, as long as it is nothing but output", () => {
    batcher.event(1, { type: "tool_call", call: { toolCallId: "t", status: "in_progress" } });
    batcher.event(1, output("a"));
    batcher.event(1, output("b"));
    batcher.event(1, output("c", "u"));
    batcher.event(1, { type: "tool_call", call: { toolCallId: "u", outputDelta: "d", status: "completed" } });
    expect(events()).toEqual([
      [1, { type: "tool_call", call: { toolCallId: "t", status: "in_progress", outputDelta: "ab" } }],
      [1, output("c", "u")],
      [1, { type: "tool_call", call: { toolCallId: "u", outputDelta: "d", status: "completed" } }],
    ]);
  });

  test("that is too long for one event is told in several, of which the first says the rest", () => {
    batcher.event(1, { type: "tool_call", call: { toolCallId: "t", title: "shell", outputDelta: "x".repeat(maxEventText + 1) } });
    expect(events()).toEqual([
      [1, { type: "tool_call", call: { toolCallId: "t", title: "shell", outputDelta: "x".repeat(maxEventText) } }],
      [1, output("x")],
    ]);
  });
});

test("a log line that is too long is cut", () => {
  batcher.event(1, { type: "log", level: "info", message: "x".repeat(maxEventText + 1) });
  expect(events()).toEqual([[1, { type: "log", level: "info", message: "x".repeat(maxEventText) }]]);
});

test("what ends an invocation goes out at once, behind what waited, and nothing is posted again", () => {
  batcher.event(1, say("a"));
  batcher.now({ type: "completed", invocationId: 1, output: null });
  expect(posted).toEqual([
    [
      { type: "event", invocationId: 1, event: say("a") },
      { type: "completed", invocationId: 1, output: null },
    ],
  ]);
  batcher.flush();
  vi.advanceTimersByTime(10 * batchIntervalMs);
  expect(posted).toHaveLength(1);
});

test("a batch that is full goes out before its time", () => {
  for (let index = 0; index < 64; index++) batcher.event(index + 1, say("a"));
  expect(posted.map((messages) => messages.length)).toEqual([64]);
});
