import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { batchIntervalMs, maxBatch, maxEventText, maxUnacknowledged, type WorkerMessage } from "../../../src/protocol/hostWorker.ts";
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
  batcher.behind({ type: "completed", invocationId: 1, output: null });
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
  for (let index = 0; index < maxBatch; index++) batcher.event(index + 1, say("a"));
  expect(posted.map((messages) => messages.length)).toEqual([maxBatch]);
});

describe("what the host has not acknowledged", () => {
  const flood = (count: number, begin = 0): void => {
    for (let index = begin; index < begin + count; index++) batcher.event(1, say("x", { messageId: `m${index}` }));
  };
  const ids = (): string[] => events().map(([, event]) => (event.type === "message" ? event.messageId : event.type));

  test("holds back what is more; nothing is lost, all in order, in posts that are not too long", () => {
    flood(maxUnacknowledged + 100);
    expect(ids()).toHaveLength(maxUnacknowledged);
    batcher.acknowledge(1, 60);
    expect(ids()).toHaveLength(maxUnacknowledged + 60);
    batcher.acknowledge(1, maxUnacknowledged);
    expect(ids()).toEqual(Array.from({ length: maxUnacknowledged + 100 }, (_, index) => `m${index}`));
    expect(posted.every((messages) => messages.length <= maxBatch)).toBe(true);
  });

  test("lets pieces of a text grow together meanwhile", () => {
    flood(maxUnacknowledged);
    for (let index = 0; index < 1_000; index++) batcher.event(1, say("y"));
    batcher.acknowledge(1, 1);
    expect(events().at(-1)).toEqual([1, say("y".repeat(1_000))]);
    expect(ids()).toHaveLength(maxUnacknowledged + 1);
  });

  test("holds no other invocation, and nothing that is not an event", () => {
    flood(maxUnacknowledged + 1);
    batcher.event(2, say("other"));
    batcher.now({ type: "heartbeat", invocationIds: [1] });
    batcher.behind({ type: "completed", invocationId: 2, output: null });
    expect(posted.flat().slice(-3)).toEqual([
      { type: "heartbeat", invocationIds: [1] },
      { type: "event", invocationId: 2, event: say("other") },
      { type: "completed", invocationId: 2, output: null },
    ]);
  });

  test("comes before the end of its invocation, which is alive until then", () => {
    flood(maxUnacknowledged + 1);
    batcher.behind({ type: "completed", invocationId: 1, output: null });
    expect(posted.flat().at(-1)).toMatchObject({ type: "event" });
    expect(batcher.held).toEqual([1]);
    batcher.acknowledge(1, 1);
    expect(posted.flat().slice(-2)).toMatchObject([{ event: { messageId: `m${maxUnacknowledged}` } }, { type: "completed" }]);
    expect(batcher.held).toEqual([]);
    batcher.acknowledge(1, 1); // late
  });

  test("makes a source wait that can be held, until there is room", async () => {
    flood(2 * maxUnacknowledged - 1);
    expect(batcher.room(1)).toBeUndefined();
    expect(batcher.room(2)).toBeUndefined();
    flood(1, 2 * maxUnacknowledged);
    const room = batcher.room(1);
    expect(batcher.room(1)).toBe(room);
    batcher.acknowledge(1, 1);
    await room;
    expect(batcher.room(1)).toBeUndefined();
  });
});
