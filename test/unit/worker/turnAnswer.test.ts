import { expect, test } from "vitest";
import { classifyTurn } from "../../../src/worker/goose/classify.ts";
import { TurnRecorder } from "../../../src/worker/goose/turnRecorder.ts";

function recorder(): { take(update: object): void; end(): unknown; message(): string } {
  const turn = new TurnRecorder({ worktree: "/w", emit: () => undefined, onTerminal: () => undefined, onRun: () => undefined, onSteered: () => undefined });
  turn.startTurn();
  return {
    take: (update) => turn.take("session/update", { update }),
    end: () => classifyTurn(turn.endTurn("end_turn"))?.code,
    message: () => turn.finalMessage,
  };
}

const text = (messageId: string, words: string): object => ({ sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text: words } });
const usage = (messageId: string): object => ({ sessionUpdate: "message_usage", messageId });
const call = { sessionUpdate: "tool_call", toolCallId: "1", title: "shell" };
const callEnded = { sessionUpdate: "tool_call_update", toolCallId: "1", status: "completed" };
const notice = (message: string): object => ({ sessionUpdate: "status_message", status: { type: "notice", message } });

test("words before a tool call are no answer, though the model said them", () => {
  const turn = recorder();
  for (const update of [text("a", "I begin."), call, usage("a"), callEnded]) turn.take(update);
  expect(turn.end()).toBe("GOOSE_NO_ANSWER");
  turn.take(notice("Context limit reached. Compacting."));
  expect(turn.end()).toBe("GOOSE_CONTEXT_FULL");
});

test("words beside a tool call, which arrive while it is open, are none either", () => {
  const turn = recorder();
  for (const update of [call, text("a", "I begin."), usage("a"), { ...callEnded, status: "failed" }]) turn.take(update);
  expect(turn.end()).toBe("GOOSE_NO_ANSWER");
});

test("what is said behind the last tool call is the answer", () => {
  const turn = recorder();
  for (const update of [text("a", "I begin."), call, usage("a"), callEnded, text("b", "All "), text("b", "done."), usage("b")]) turn.take(update);
  expect(turn.end()).toBeUndefined();
  expect(turn.message()).toBe("All done.");
});
