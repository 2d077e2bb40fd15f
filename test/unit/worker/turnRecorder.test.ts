import { beforeEach, describe, expect, test } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { TurnRecorder } from "../../../src/worker/goose/turnRecorder.ts";

let events: WorkerEventBody[];
let recorder: TurnRecorder;
beforeEach(() => {
  events = [];
  recorder = new TurnRecorder({
    worktree: "/w",
    emit: (event) => events.push(event),
    onTerminal: () => undefined,
    onRun: () => undefined,
    onSteered: () => undefined,
  });
});

const take = (update: Record<string, unknown>): void => recorder.take("session/update", { update });
const chunk = (kind: string, content: unknown = { type: "text", text: "hello" }, more: object = {}): void => take({ sessionUpdate: kind, content, ...more });
const said = (): unknown[] => events.flatMap((event) => (event.type === "message" ? [[event.role, event.messageId, event.text]] : []));
const progress = (): unknown[] => events.flatMap((event) => (event.type === "progress_update" ? [event.progress.message] : []));

describe("messages", () => {
  test("without an id are one message for each role", () => {
    for (const kind of ["agent_message_chunk", "agent_thought_chunk", "user_message_chunk"]) chunk(kind);
    expect(said()).toEqual([
      ["agent", "message", "hello"],
      ["thought", "thought", "hello"],
      ["user", "user", "hello"],
    ]);
  });

  test("keep the id that Goose gave, as far as the journal holds it", () => {
    for (const kind of ["agent_message_chunk", "agent_thought_chunk", "user_message_chunk"]) chunk(kind, undefined, { messageId: "m".repeat(300) });
    expect(said()).toEqual(["agent", "thought", "user"].map((role) => [role, "m".repeat(256), "hello"]));
  });

  test("without a text are not told", () => {
    for (const kind of ["agent_message_chunk", "agent_thought_chunk", "user_message_chunk"]) chunk(kind, { type: "image" });
    expect(said()).toEqual([]);
  });

  test("the final one is all that was said under the last id, up to a bound", () => {
    expect(recorder.finalMessage).toBe("");
    chunk("agent_message_chunk", { type: "text", text: "first" }, { messageId: "1" });
    chunk("agent_message_chunk", { type: "text", text: "x".repeat(60_000) }, { messageId: "2" });
    for (let round = 0; round < 2; round++) chunk("agent_message_chunk", { type: "text", text: "y".repeat(60_000) }, { messageId: "2" });
    expect(recorder.finalMessage).toBe("x".repeat(60_000) + "y".repeat(5_536));
    recorder.startTurn();
    expect(recorder.finalMessage).toBe("");
  });
});

describe("tool calls", () => {
  test("that Goose never announced count, too", () => {
    recorder.toolStarted("unknown");
    take({ sessionUpdate: "tool_call_update", toolCallId: "unknown", status: "completed" });
    expect(progress()).toEqual(["working"]);
    expect(events).toContainEqual({ type: "tool_call", call: { toolCallId: "unknown", status: "completed" } });
  });

  test("of a stored history are not told again, and their ends count as progress", () => {
    const percents: number[] = [];
    for (const replayed of [false, true]) {
      recorder = new TurnRecorder({
        worktree: "/w",
        emit: (event) => void (event.type === "progress_update" && percents.push(event.progress.percent)),
        onTerminal: () => undefined,
        onRun: () => undefined,
        onSteered: () => undefined,
      });
      recorder.isReplaying = replayed;
      take({ sessionUpdate: "tool_call", toolCallId: "1", title: "shell" });
      for (const status of ["completed", "failed", "in_progress"]) if (replayed) take({ sessionUpdate: "tool_call_update", toolCallId: "1", status });
      recorder.isReplaying = false;
      recorder.startTurn();
    }
    const [fresh = 0, after = 0] = percents;
    expect(percents).toHaveLength(2);
    expect(after).toBeGreaterThan(fresh);
  });

  test("end with what they worked on as progress", () => {
    take({ sessionUpdate: "tool_call", toolCallId: "1", title: "shell · npm test" });
    take({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "completed" });
    expect(progress()).toEqual(["shell: npm test"]);
  });
});

test("what Goose says in another form is counted, what is new is passed over", () => {
  recorder.take("session/update", { update: { sessionUpdate: "agent_message_chunk" } });
  recorder.take("session/update", "no object");
  recorder.take("session/update", { update: { sessionUpdate: "something_new" } });
  recorder.take("another/method", {});
  expect(recorder.malformed).toBe(2);
  expect(events).toEqual([]);
});

test("notices are kept for the end of the turn", () => {
  take({ sessionUpdate: "status_message", status: { type: "notice", message: "compacting" } });
  take({ sessionUpdate: "message_usage", messageId: "7" });
  expect(recorder.endTurn("end_turn")).toEqual({ stopReason: "end_turn", lastMessage: undefined, usageMessageId: "7", notices: ["compacting"] });
  expect(said()).toEqual([["notice", "notice-1", "compacting"]]);
});
