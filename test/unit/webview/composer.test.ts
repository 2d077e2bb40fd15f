import { describe, expect, test } from "vitest";
import { maxSaid } from "../../../src/model/runWish.ts";
import { taskStatuses } from "../../../src/model/task.ts";
import { endedStatuses } from "../../../src/model/taskActions.ts";
import { composerLabel, composerObstacle, textProblem } from "../../../src/webview/app/composerText.ts";
import { canStop } from "../../../src/webview/app/stoppable.ts";

describe("the composer", () => {
  test("says what a message does: a follow-up exactly where a task has ended", () => {
    for (const status of taskStatuses) expect(composerLabel(status).startsWith("Follow up"), status).toBe(endedStatuses.has(status));
    expect(composerLabel("in_progress")).toBe("Message to Goose");
    expect(composerLabel("paused")).toContain("when the task goes on");
  });

  test("says why nothing can be sent", () => {
    const free = { isConnected: true, isTrusted: true, isSending: false };
    expect(composerObstacle(free)).toBeUndefined();
    expect(composerObstacle({ ...free, isTrusted: false })).toContain("not trusted");
    expect(composerObstacle({ ...free, isConnected: false, isTrusted: false })).toContain("connection");
    expect(composerObstacle({ ...free, isSending: true })).toBe("Sending…");
    expect(textProblem("x".repeat(maxSaid))).toBeUndefined();
    expect(textProblem("x".repeat(maxSaid + 1))).toContain("20,001 characters; at most 20,000");
  });
});

test("calls that go on can be stopped, acceptance commands and ended ones cannot", () => {
  expect(canStop({ status: "in_progress", toolName: "shell" })).toBe(true);
  expect(canStop({ status: "pending" })).toBe(true);
  expect(canStop({ status: "in_progress", toolName: "verify" })).toBe(false);
  for (const status of ["completed", "failed", "cancelled"] as const) expect(canStop({ status, toolName: "shell" })).toBe(false);
});
