import { describe, expect, it } from "vitest";
import type { TaskEventBody } from "../../../src/model/taskEvent.ts";
import { noticeOf, noticeText } from "../../../src/views/notices.ts";
import { statusText } from "../../../src/views/statusText.ts";
import { changeOf, taskWith } from "./taskFixture.ts";

const failed = taskWith("a", { title: "Add login", status: "failed" });
const failure: TaskEventBody = { type: "error", code: "TIMEOUT", message: "It took too long." };

describe("statusText", () => {
  it("hides itself without tasks", () => expect(statusText([], 0)).toBeUndefined());

  it("counts what runs and what waits", () => {
    const tasks = [taskWith("a", { status: "in_progress" }), taskWith("b"), taskWith("c"), taskWith("d"), taskWith("e", { status: "done" })];
    expect(statusText(tasks, 0)).toMatchObject({ text: "$(sync~spin) 1 running, 3 ready", tooltip: "Task Master: 1 running, 3 ready, 1 to review" });
  });

  it("shows something else when nothing runs or is ready", () => {
    expect(statusText([taskWith("a", { status: "paused" })], 0)?.text).toBe("$(checklist) 1 paused");
  });
});

describe("notices", () => {
  it("come for a failure for good and for a question only", () => {
    expect(noticeOf(changeOf(failed, failure))).toMatchObject({ kind: "failed", title: "Add login" });
    expect(noticeOf(changeOf(taskWith("a"), { ...failure, willRetryAt: 5 }))).toBeUndefined();
    expect(noticeOf(changeOf(taskWith("a", { status: "done" }), { type: "completed", summary: "", unblocked: [] }))).toBeUndefined();
    const attention = { kind: "permission", message: "May I?" } as const;
    expect(noticeOf(changeOf(taskWith("a", { attention }), { type: "attention", attention }))?.kind).toBe("attention");
    expect(noticeOf(changeOf(taskWith("a"), { type: "attention", attention: null }))).toBeUndefined();
  });

  it("are merged into one text", () => {
    const notice = noticeOf(changeOf(failed, failure));
    expect(noticeText(notice === undefined ? [] : [notice])).toBe('"Add login" failed: It took too long.');
    expect(noticeText(notice === undefined ? [] : [notice, notice, notice, notice])).toBe('Tasks: 4 failed ("Add login", "Add login", "Add login", …).');
  });
});
