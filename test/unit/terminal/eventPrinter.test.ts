import { expect, test } from "vitest";
import type { TaskId } from "../../../src/model/ids.ts";
import type { TaskEventBody } from "../../../src/model/taskEvent.ts";
import { EventPrinter } from "../../../src/terminal/eventPrinter.ts";
import { createLogger, Output } from "../../../src/terminal/output.ts";

const idA = "aaaaaaaa" as TaskId;
const idB = "bbbbbbbb" as TaskId;

function printer({ verbosity = 0, columns, withIds = false }: { verbosity?: number; columns?: number; withIds?: boolean } = {}) {
  let text = "";
  const sink = { write: (piece: string) => (text += piece), ...(columns === undefined ? {} : { isTTY: true, columns }) };
  const output = new Output({ stdout: sink, stderr: sink, json: false, color: "never", verbosity, env: {} });
  const events = new EventPrinter(output, { withIds });
  const print = (body: TaskEventBody, taskId = idA): void => events.print({ ...body, taskId, seq: 1, attempt: 2, at: 0 }, "Title");
  return { print, flush: () => events.flush(), text: () => text };
}

const say = (text: string, messageId = "1"): TaskEventBody => ({ type: "message", role: "agent", messageId, text });

test("message pieces become lines, and those of parallel tasks do not mix", () => {
  const { print, flush, text } = printer({ withIds: true });
  print(say("Hello "));
  print(say("Other "), idB);
  print(say("world\nand"));
  expect(text()).toBe("aaaaaaaa | Hello world\n");
  print(say("more"), idB);
  flush();
  expect(text()).toBe("aaaaaaaa | Hello world\naaaaaaaa | and\nbbbbbbbb | Other more\n");
});

test("an escape sequence that comes in two pieces is removed as well", () => {
  const { print, text } = printer();
  print(say("a\u001b[3"));
  print(say("1mb\n"));
  expect(text()).toBe("ab\n");
});

test("a long line is broken at a space to the width of the terminal", () => {
  const { print, text } = printer({ columns: 30 });
  print(say("one two three four five six seven eight"));
  expect(text()).toBe("one two three four five six\n");
});

test("another message begins on a line of its own", () => {
  const { print, flush, text } = printer();
  print(say("first"));
  print(say("second", "2"));
  flush();
  expect(text()).toBe("first\nsecond\n");
});

test("each kind of event has its line", () => {
  const { print, text } = printer();
  print({ type: "created" });
  print({ type: "started", owner: "me" });
  print({ type: "message", role: "user", messageId: "0", text: "the task itself\n" });
  print({ type: "message", role: "thought", messageId: "1", text: "hm\n" });
  print({ type: "message", role: "notice", messageId: "2", text: "compacted\n" });
  print({ type: "checkpoint", step: "prepared" });
  print({ type: "usage", usage: { inputTokens: 1, outputTokens: 1 } });
  print({ type: "log", level: "info", message: "quiet" });
  print({ type: "log", level: "warn", message: "loud" });
  print({ type: "attention", attention: { kind: "question", message: "Which?" } });
  print({ type: "attention", attention: null });
  print({ type: "paused", reason: "user" });
  print({ type: "paused", reason: "Paused by the user." });
  print({ type: "stopped", reason: "" });
  print({ type: "cancelled", reason: "no need" });
  print({ type: "requeued", reason: "retry" });
  print({ type: "blocked", by: [idB] });
  print({ type: "unblocked", by: idB });
  print({ type: "unblocked" });
  print({ type: "dependencies", dependsOn: [idB] });
  print({ type: "dependencies", dependsOn: [] });
  print({ type: "removed" });
  print({ type: "requested", request: "stop" });
  print({ type: "said", message: { id: "1", text: "Use\ntabs\u001b[1m.", at: 1 } });
  print({ type: "message", role: "user", messageId: "said-1", text: "Use\ntabs.\n" });
  print({ type: "message", role: "user", messageId: "other", text: "the task's own text\n" });
  print({ type: "stop_tool_call", toolCallId: "call_1" });
  print({ type: "completed", summary: "Good.", unblocked: [idB] });
  print({ type: "error", code: "TIMEOUT", message: "Too slow.", details: "line\u001b[1m\nlast" });
  expect(text().split("\n")).toEqual([
    "created",
    "started (attempt 2): Title",
    "thinking: hm",
    "goose: compacted",
    "warn: loud",
    "needs you (question): Which?",
    "paused: user",
    "paused by the user.",
    "stopped",
    "cancelled: no need",
    "back in the queue: retry",
    "blocked: waits for bbbbbbbb",
    "ready: bbbbbbbb is done",
    "ready",
    "depends on bbbbbbbb now",
    "depends on nothing now",
    "removed",
    "asked to stop",
    "you said: Use tabs.",
    "told: Use",
    "told: tabs.",
    "asked to stop a tool call",
    "done: Good.",
    "ready now: bbbbbbbb",
    "failed: Too slow.",
    "    line",
    "    last",
    "",
  ]);
});

test("-v shows the task's text, steps, logs and the output of tools", () => {
  const { print, text } = printer({ verbosity: 1 });
  print({ type: "message", role: "user", messageId: "0", text: "do it\n" });
  print({ type: "checkpoint", step: "agent_finished" });
  print({ type: "log", level: "info", message: "note" });
  print({ type: "tool_call", call: { toolCallId: "1", toolName: "write", input: { path: "a.txt", content: "x" }, outputDelta: "ok", status: "completed" } });
  expect(text()).toBe("told: do it\nstep: agent finished\ninfo: note\ntool: write a.txt\n  write completed\n    ok\n");
});

test("a failed tool call shows the end of its output, a cancelled one its state", () => {
  const { print, text } = printer();
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n");
  print({ type: "tool_call", call: { toolCallId: "1", toolName: "shell", title: "run it", outputDelta: lines, status: "failed" } });
  print({ type: "tool_call", call: { toolCallId: "2", status: "cancelled" } });
  expect(text()).toMatch(/^tool: shell run it\n {2}shell failed\n {4}line 20\n/);
  expect(text()).toMatch(/line 29\ntool: tool\n {2}tool cancelled\n$/);
});

test("the program's log keeps to its level", () => {
  let text = "";
  const write = (piece: string): unknown => (text += piece);
  createLogger({ write }, 0).info("hidden");
  createLogger({ write }, 0).warn("a\u001b[1mb", { n: 1 });
  createLogger({ write }, 1).debug("hidden");
  createLogger({ write }, 2).debug("shown");
  expect(text).toBe('warn: ab {"n":1}\ndebug: shown\n');
});

test("a tool call whose run is gone is told to have ended; a held one goes on, and so do those of other tasks", () => {
  const { print, text } = printer();
  const call: TaskEventBody = { type: "tool_call", call: { toolCallId: "1", toolName: "shell", input: { command: "make" }, status: "in_progress" } };
  print(call);
  print(call, idB);
  print({ type: "paused", reason: "" });
  print({ type: "paused", reason: "gone", isInterrupted: true });
  print({ type: "stopped", reason: "" });
  expect(text()).toBe("tool: shell make\ntool: shell make\npaused\n  shell cancelled\npaused: gone\nstopped\n");
});

test("a plan is told entry by entry, with how far each is", () => {
  const { print, text } = printer();
  print({
    type: "plan",
    entries: [
      { text: "read", status: "completed" },
      { text: "write\u001b[31m", status: "in_progress" },
      { text: "test", status: "pending" },
    ],
  });
  expect(text()).toBe("plan: [x] read\nplan: [>] write\nplan: [ ] test\n");
});

test("what goes on inside a tool call has lines of its own, without escape sequences; a place stands for a missing input", () => {
  const { print, text } = printer();
  print({ type: "tool_call", call: { toolCallId: "1", toolName: "delegate", status: "pending", input: { query: "look" } } });
  print({ type: "tool_call", call: { toolCallId: "2", toolName: "look__up", status: "pending", title: "look: up", locations: [{ path: "a.txt", line: 3 }] } });
  print({ type: "tool_call", call: { toolCallId: "1", status: "in_progress", activity: "shell: npm\u001b[31m test" } });
  print({ type: "tool_call", call: { toolCallId: "2", status: "failed", outputDelta: "It is broken." } });
  expect(text()).toBe(
    "tool: delegate look\ntool: look__up a.txt:3\n  delegate: shell: npm test\n  look__up failed\n  It is broken.\n".replace("  It", "    It"),
  );
});
