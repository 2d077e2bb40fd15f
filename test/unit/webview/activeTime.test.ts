import { expect, test } from "vitest";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import { ActiveTimes } from "../../../src/webview/activeTime.ts";
import { journal } from "./journal.ts";

const timed = (...entries: readonly (readonly [at: number, attempt: number, body: TaskEventBody])[]): readonly TaskEvent[] =>
  journal(entries.map(([, , body]) => body)).map((event, index) => ({ ...event, at: entries[index]?.[0] ?? 0, attempt: entries[index]?.[1] ?? 0 }));

test("pauses do not count, a running attempt says since when, and nothing counts twice", () => {
  const events = timed(
    [0, 0, { type: "created" }],
    [100, 1, { type: "started", owner: "a" }],
    [150, 1, { type: "paused", reason: "" }],
    [900, 1, { type: "resumed", owner: "b" }],
  );
  const times = new ActiveTimes();
  times.take(events.slice(0, 3));
  expect(times.of(1)).toEqual({ ms: 50 });
  times.take(events);
  expect(times.of(1)).toEqual({ ms: 50, since: 900 });
  expect(times.lastSeq).toBe(4);
});

test("a question holds the time until its answer, also when a pause comes between", () => {
  const question = { id: "q", toolCallId: "c", toolName: "shell", title: "", why: "", askedAt: 0 };
  const asked: TaskEventBody = { type: "attention", attention: { kind: "permission", message: "", question } };
  const answer: TaskEventBody = { type: "answer", answer: { questionId: "q", decision: "allow_once" }, by: "user" };
  const times = new ActiveTimes();
  times.take(timed([100, 1, { type: "started", owner: "a" }], [110, 1, asked], [500, 1, answer]));
  expect(times.of(1)).toEqual({ ms: 10, since: 500 });
  const paused = new ActiveTimes();
  paused.take(
    timed(
      [100, 1, { type: "started", owner: "a" }],
      [110, 1, asked],
      [120, 1, { type: "paused", reason: "" }],
      [200, 1, answer],
      [300, 1, { type: "resumed", owner: "a" }],
    ),
  );
  expect(paused.of(1)).toEqual({ ms: 10, since: 300 });
  const withdrawn = new ActiveTimes();
  withdrawn.take(timed([100, 1, { type: "started", owner: "a" }], [110, 1, asked], [150, 1, { type: "attention", attention: null }]));
  expect(withdrawn.of(1)).toEqual({ ms: 10, since: 150 });
});

test("each attempt has its own time, and an end freezes it", () => {
  const times = new ActiveTimes();
  times.take(
    timed(
      [100, 1, { type: "started", owner: "a" }],
      [160, 1, { type: "error", code: "TIMEOUT", message: "" }],
      [500, 2, { type: "started", owner: "a" }],
      [530, 2, { type: "completed", summary: "", unblocked: [] }],
    ),
  );
  expect([times.of(1), times.of(2), times.of(3)]).toEqual([{ ms: 60 }, { ms: 30 }, undefined]);
});
