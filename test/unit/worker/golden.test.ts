/**
 * Recorded notifications of Goose -> task events. UPDATE_GOLDEN=1 writes the expected files anew; read the difference
 * before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as v from "valibot";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { workerEventSchema } from "../../../src/protocol/hostWorker.ts";
import { JsonLineFramer } from "../../../src/worker/goose/jsonLines.ts";
import { TurnRecorder } from "../../../src/worker/goose/turnRecorder.ts";

const folder = new URL("../../golden/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ndjson"))
  .map((file) => file.replace(/\.ndjson$/, ""));

test.each(names)("%s", (name) => {
  const events: WorkerEventBody[] = [];
  const terminals: string[] = [];
  const recorder = new TurnRecorder({
    worktree: "/project/repo",
    emit: (event) => events.push(event),
    onTerminal: (terminalId, toolCallId) => terminals.push(`${terminalId} -> ${toolCallId}`),
  });
  const framer = new JsonLineFramer({
    onMessage: (message) => recorder.take(String(message["method"]), message["params"]),
    onGarbage: () => expect.unreachable("the transcript is whole"),
    onOverflow: () => expect.unreachable("the transcript is small"),
  });
  recorder.startTurn();
  framer.push(readFileSync(new URL(`${name}.ndjson`, folder)));
  for (const event of events) v.parse(workerEventSchema, event);
  const actual = `${JSON.stringify({ events, terminals, malformed: recorder.malformed, end: recorder.endTurn("end_turn") }, undefined, 2)}\n`;
  const expected = new URL(`${name}.expected.json`, folder);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(expected, actual);
  expect(JSON.parse(actual)).toEqual(JSON.parse(readFileSync(expected, "utf8")));
});
