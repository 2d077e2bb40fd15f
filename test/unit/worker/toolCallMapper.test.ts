import { describe, expect, test } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import type { ToolCallUpdate } from "../../../src/model/toolCall.ts";
import { parseUpdate, type ToolCallNews } from "../../../src/worker/goose/sessionUpdates.ts";
import { ToolCallMapper } from "../../../src/worker/goose/toolCallMapper.ts";
import { TurnRecorder } from "../../../src/worker/goose/turnRecorder.ts";

/** A mapper whose clock the test moves. */
class Mapped {
  readonly calls: ToolCallUpdate[] = [];
  now = 0;
  readonly mapper = new ToolCallMapper(
    "/w",
    (call) => this.calls.push(call),
    () => this.now,
  );

  open(toolCallId: string, more: object = {}): void {
    this.#take({ sessionUpdate: "tool_call", toolCallId, title: "shell · x", _meta: { goose: { toolCall: { toolName: "shell" } } }, ...more });
  }

  news(toolCallId: string, more: object): void {
    this.#take({ sessionUpdate: "tool_call_update", toolCallId, ...more });
  }

  say(toolCallId: string, data: unknown): void {
    this.news(toolCallId, { status: "in_progress", _meta: { toolNotification: { type: "message", params: { data } } } });
  }

  #take(update: object): void {
    this.mapper.take(parseUpdate("session/update", { update }) as ToolCallNews);
  }
}

const text = (value: string): object => ({ type: "content", content: { type: "text", text: value } });

describe("activity", () => {
  test("a burst passes, then a line now and then; of those held back the last is told, at the end at the latest", () => {
    const mapped = new Mapped();
    mapped.open("a");
    for (let line = 1; line <= 30; line++) mapped.say("a", `line ${line}`);
    const activities = (): unknown[] => mapped.calls.flatMap(({ activity }) => activity ?? []);
    expect(activities()).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 1}`));
    mapped.now += 250;
    mapped.news("a", { kind: "other" });
    expect(activities().slice(20)).toEqual(["line 30"]);
    mapped.say("a", "line 31");
    mapped.say("a", "line 32");
    mapped.news("a", { status: "completed" });
    expect(mapped.calls.at(-1)).toEqual({ toolCallId: "a", status: "completed", activity: "line 32" });
    mapped.open("b");
    mapped.say("b", "line 1");
    mapped.mapper.closeOpen("cancelled");
    expect(mapped.calls.at(-1)).toEqual({ toolCallId: "b", status: "cancelled", activity: "line 1" });
  });

  test("is one short line, whatever a server sends; the status is said once", () => {
    const mapped = new Mapped();
    mapped.open("a");
    const told = [
      "x".repeat(9_000),
      "two\nlines",
      { message: "m" },
      { text: "t" },
      { other: [1] },
      { tool_call: { name: "edit", arguments: { path: "a.txt" } } },
      7,
      null,
      " ",
    ];
    for (const data of told) mapped.say("a", data);
    const [, ...updates] = mapped.calls;
    expect(updates).toEqual([
      { toolCallId: "a", status: "in_progress", activity: "x".repeat(500) },
      { toolCallId: "a", activity: "two lines" },
      { toolCallId: "a", activity: "m" },
      { toolCallId: "a", activity: "t" },
      { toolCallId: "a", activity: '{"other":[1]}' },
      { toolCallId: "a", activity: "edit: a.txt" },
    ]);
  });
});

test("places: relative to the worktree where they lie inside, from line 1, a few of them", () => {
  const mapped = new Mapped();
  mapped.open("a", { kind: "k".repeat(99) });
  expect(mapped.calls[0]?.kind).toBe("k".repeat(64));
  const inside = ["/w/a.txt", "b.txt", "/w/sub/../c.txt"].map((path) => ({ path }));
  mapped.news("a", { locations: [...inside, { path: "/w2/d", line: 2 }, { path: "../e", line: 0 }, { path: "f", line: 1.5 }, { path: "/w" }] });
  expect(mapped.calls.at(-1)?.locations).toEqual([
    { path: "a.txt" },
    { path: "b.txt" },
    { path: "c.txt" },
    { path: "/w2/d", line: 2 },
    { path: "../e" },
    { path: "f" },
    { path: "/w" },
  ]);
  mapped.news("a", { locations: Array.from({ length: 50 }, () => ({ path: "p".repeat(9_000) })) });
  expect(mapped.calls.at(-1)?.locations).toHaveLength(20);
  expect(mapped.calls.at(-1)?.locations?.[0]?.path).toHaveLength(4_096);
});

describe("results", () => {
  test("of a command in our terminal: not the output once more, nor its exit code, but another reason", () => {
    const mapped = new Mapped();
    const end = (toolCallId: string, content: readonly object[]): string | undefined => {
      mapped.open(toolCallId);
      mapped.news(toolCallId, { content: [{ type: "terminal", terminalId: `t-${toolCallId}` }] });
      mapped.mapper.output(toolCallId, "out\n");
      mapped.news(toolCallId, { status: "failed", content });
      return mapped.calls.at(-1)?.outputDelta;
    };
    expect(end("a", [text("exit code: 3"), text("out\n")])).toBeUndefined();
    expect(end("b", [text("out\n")])).toBeUndefined();
    expect(end("c", [text("The terminal is gone."), text("out\n")])).toBe("The terminal is gone.");
  });

  test("of a command of Goose's own: live output is not repeated, the reason of a failure and the exit code are told", () => {
    const mapped = new Mapped();
    mapped.open("a");
    mapped.news("a", {
      status: "in_progress",
      _meta: { toolNotification: { type: "live_output", params: { chunks: [{ output: "one\n" }, { output: "two\n" }] } } },
    });
    mapped.news("a", { status: "failed", content: [text("one\ntwo\n\nCommand exited with code 3")], rawOutput: { exit_code: 3 } });
    expect(mapped.calls.slice(1)).toEqual([
      { toolCallId: "a", status: "in_progress", outputDelta: "one\ntwo\n" },
      { toolCallId: "a", status: "failed", outputDelta: "Command exited with code 3", exitCode: 3 },
    ]);
  });

  test("calls at the same time do not mix", () => {
    const mapped = new Mapped();
    for (const id of ["a", "b"]) mapped.open(id);
    mapped.news("a", { content: [{ type: "terminal", terminalId: "t" }] });
    mapped.mapper.output("a", "same\n");
    mapped.say("b", "inside b");
    mapped.news("b", { status: "completed", content: [text("same\n")] });
    mapped.news("a", { status: "completed", content: [text("same\n")] });
    expect(mapped.calls.slice(2)).toEqual([
      { toolCallId: "a", outputDelta: "same\n" },
      { toolCallId: "b", status: "in_progress", activity: "inside b" },
      { toolCallId: "b", status: "completed", outputDelta: "same\n" },
      { toolCallId: "a", status: "completed" },
    ]);
  });
});

test("status notices: repeated ones are told once, long ones are cut, a flood is thinned; the turn's end knows the newest", () => {
  const events: WorkerEventBody[] = [];
  const recorder = new TurnRecorder({
    worktree: "/w",
    emit: (event) => events.push(event),
    onTerminal: () => undefined,
    onRun: () => undefined,
    onSteered: () => undefined,
    now: () => 0,
  });
  const notice = (message: string): void =>
    recorder.take("_goose/unstable/session/update", { update: { sessionUpdate: "status_message", status: { type: "progress", message } } });
  for (const message of ["same", "same", "x".repeat(9_000)]) notice(message);
  expect(events).toEqual([
    { type: "message", role: "notice", messageId: "notice-1", text: "same" },
    { type: "message", role: "notice", messageId: "notice-2", text: "x".repeat(4_000) },
  ]);
  for (let count = 1; count <= 100; count++) notice(`notice ${count}`);
  expect(events).toHaveLength(20);
  const { notices } = recorder.endTurn("end_turn");
  expect([notices.length, notices.at(-1)]).toEqual([50, "notice 100"]);
});
