/**
 * Recorded transcripts of Goose -> task events (test/golden/README.md). UPDATE_GOLDEN=1 writes the expected files anew; read the
 * difference before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { RequestError } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";
import * as v from "valibot";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { workerEventSchema } from "../../../src/protocol/hostWorker.ts";
import { classifyRequestError, classifyTurn } from "../../../src/worker/goose/classify.ts";
import { JsonLineFramer } from "../../../src/worker/goose/jsonLines.ts";
import { parseUpdate } from "../../../src/worker/goose/sessionUpdates.ts";
import { TurnRecorder } from "../../../src/worker/goose/turnRecorder.ts";

type Message = Readonly<Record<string, unknown>>;

const folder = new URL("../../golden/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ndjson"))
  .map((file) => file.replace(/\.ndjson$/, ""));

function messagesOf(name: string): readonly Message[] {
  const messages: Message[] = [];
  const framer = new JsonLineFramer({
    onMessage: (message) => messages.push(message),
    onGarbage: () => expect.unreachable("the transcript is whole"),
    onOverflow: () => expect.unreachable("the transcript is small"),
  });
  framer.push(readFileSync(new URL(`${name}.ndjson`, folder)));
  return messages;
}

/** Plays a transcript as the session would; the answer to a request has the request's method as its id. */
function play(messages: readonly Message[]): unknown {
  const events: WorkerEventBody[] = [];
  const terminals: string[] = [];
  const steered: string[] = [];
  const ends: unknown[] = [];
  const recorder = new TurnRecorder({
    worktree: "/project/repo",
    emit: (event) => events.push(event),
    onTerminal: (terminalId, toolCallId) => terminals.push(`${terminalId} -> ${toolCallId}`),
    now: () => 0,
    onRun: () => undefined,
    onSteered: (messageId) => steered.push(messageId),
  });
  recorder.isReplaying = messages.some(({ id }) => id === "session/load");
  recorder.startTurn();
  const last = messages.findLastIndex(({ id }) => id === "session/prompt");
  for (const [index, message] of messages.entries()) {
    if (message["id"] === "session/load") recorder.isReplaying = false;
    if (message["id"] === "session/new") recorder.usage.startAtZero();
    if (typeof message["method"] === "string") recorder.take(message["method"], message["params"]);
    if (message["id"] !== "session/prompt") continue;
    ends.push(endOf(recorder, message));
    if (index < last) recorder.startTurn();
  }
  recorder.tools.closeOpen("cancelled");
  for (const event of events) v.parse(workerEventSchema, event);
  return {
    events,
    terminals,
    ...(steered.length === 0 ? {} : { steered }),
    malformed: recorder.malformed,
    offset: recorder.usage.offset,
    ends: last < 0 ? [recorder.endTurn("end_turn")] : ends,
  };
}

function endOf(recorder: TurnRecorder, { error, result }: Message): unknown {
  if (error === undefined) {
    const end = recorder.endTurn((result as { stopReason: string }).stopReason);
    return { ...end, code: classifyTurn(end)?.code };
  }
  const { code, message, data } = error as { code: number; message: string; data?: unknown };
  return { code: classifyRequestError(new RequestError(code, message, data), "prompt").code };
}

test.each(names)("%s", (name) => {
  const actual = `${JSON.stringify(play(messagesOf(name)), undefined, 2)}\n`;
  const expected = new URL(`${name}.expected.json`, folder);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(expected, actual);
  expect(JSON.parse(actual)).toEqual(JSON.parse(readFileSync(expected, "utf8")));
});

test("every kind of update is in a transcript, and what we know of it fits its form", () => {
  const kinds = new Set<string>();
  for (const { method, params } of names.filter((name) => name !== "hostile").flatMap(messagesOf)) {
    const update = (params as { update?: { sessionUpdate?: string } } | undefined)?.update;
    if (update?.sessionUpdate !== undefined) kinds.add(update.sessionUpdate);
    expect(parseUpdate(String(method), params)).not.toBe("malformed");
  }
  expect([...kinds].sort()).toEqual([
    "agent_message_chunk",
    "agent_thought_chunk",
    "available_commands_update",
    "config_option_update",
    "current_mode_update",
    "message_usage",
    "plan",
    "session_info_update",
    "status_message",
    "tool_call",
    "tool_call_update",
    "usage_update",
    "user_message_chunk",
  ]);
});

test("nothing of the machine that recorded is in the transcripts", () => {
  for (const name of names) {
    const text = readFileSync(new URL(`${name}.ndjson`, folder), "utf8");
    expect(
      text.match(/\/(?:tmp|Users|root|work|workspace|var)\/[^"]*|\/home\/(?!somebody)[^"]*|127\.0\.0\.1:(?!1\/)\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/),
    ).toBeNull();
  }
});
