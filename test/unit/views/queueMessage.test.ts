import { expect, test } from "vitest";
import type { TaskId } from "../../../src/model/ids.ts";
import type { QueueStatus, QueueStop } from "../../../src/model/queueStatus.ts";
import { isToldByStop, newStop, queueMessage } from "../../../src/views/queueMessage.ts";

const now = new Date(2026, 0, 15, 12).getTime();
const taskId = "aaaaaaaa" as TaskId;
const failure = { taskId, title: "Fix it", code: "GOOSE_AUTHENTICATION", message: "The provider refused\nthe credentials.", at: now } as const;
const stop: QueueStop = { at: now, isCertain: true, failures: [failure] };
const limit = { agent: "", until: now + 3_600_000, reason: "Slow down.", isTrying: false };

test("nothing to say while nothing keeps the queue", () => {
  expect(queueMessage({ limits: [] }, now)).toBeUndefined();
});

test("a stop says why, on one line", () => {
  expect(queueMessage({ stop, limits: [] }, now)).toMatch(/^The queue has stopped, because every task .* "Fix it": The provider refused the credentials\.$/);
  expect(queueMessage({ stop: { ...stop, isCertain: false, failures: [failure, failure, failure, failure, failure] }, limits: [] }, now)).toContain(
    "after 5 failed attempts in a row",
  );
});

test("a limit says until when, then that one task tries", () => {
  expect(queueMessage({ limits: [limit] }, now)).toMatch(/^Goose waits for a usage limit until today .*1.*00.*\. Slow down\.$/);
  expect(queueMessage({ limits: [{ ...limit, agent: "careful", isTrying: true }] }, now)).toMatch(/^The agent "careful" may work again/);
});

test("a stop is news once, and the failure that led to it is not told a second time", () => {
  const status: QueueStatus = { stop, limits: [] };
  expect(newStop(status, undefined)).toMatchObject({ at: now });
  expect(newStop(status, now)).toBeUndefined();
  expect(newStop({ limits: [] }, now)).toBeUndefined();
  const notice = { kind: "failed", taskId, title: "Fix it", message: "" } as const;
  expect(isToldByStop(notice, status)).toBe(true);
  expect(isToldByStop({ ...notice, taskId: "bbbbbbbb" as TaskId }, status)).toBe(false);
  expect(isToldByStop({ ...notice, kind: "attention" }, status)).toBe(false);
  expect(isToldByStop(notice, { limits: [] })).toBe(false);
});
