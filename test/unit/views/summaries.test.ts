import { describe, expect, it } from "vitest";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import type { TaskEventBody } from "../../../src/model/taskEvent.ts";
import { noticeOf, noticeText } from "../../../src/views/notices.ts";
import { nextDue, statusText } from "../../../src/views/statusText.ts";
import { changeOf, taskWith } from "./taskFixture.ts";

const failed = taskWith("a", { title: "Add login", status: "failed" });
const failure: TaskEventBody = { type: "error", code: "TIMEOUT", message: "It took too long." };

const free: QueueStatus = { limits: [] };

describe("statusText", () => {
  it("hides itself without tasks", () => expect(statusText([], free, 0)).toBeUndefined());

  it("counts what runs and what waits", () => {
    const tasks = [taskWith("a", { status: "in_progress" }), taskWith("b"), taskWith("c"), taskWith("d"), taskWith("e", { status: "done" })];
    expect(statusText(tasks, free, 0)).toMatchObject({ text: "$(sync~spin) 1 running, 3 ready", tooltip: "Task Master: 1 running, 3 ready, 1 to review" });
  });

  it("shows something else when nothing runs or is ready", () => {
    expect(statusText([taskWith("a", { status: "paused" })], free, 0)?.text).toBe("$(checklist) 1 paused");
  });

  it("says first that the queue has stopped, and why in the hover", () => {
    const note = { taskId: failed.id, title: "Add login", code: "TIMEOUT", message: "It took too long.", at: 1 } as const;
    const stopped: QueueStatus = { stop: { at: 1, failures: [note], isCertain: false }, limits: [] };
    const status = statusText([taskWith("a"), failed], stopped, 0);
    expect(status?.text).toBe("$(warning) queue stopped, 1 ready");
    expect(status?.tooltip).toMatch(/^Task Master: 1 ready, 1 failed or stopped\nThe queue has stopped after 1 failed attempt\. /);
    expect(status?.accessibilityLabel).toBe("Task Master, queue stopped, 1 ready, 1 failed or stopped");
    expect(statusText([failed], stopped, 0)?.text).toBe("$(warning) queue stopped");
    expect(statusText([taskWith("a", { status: "in_progress" })], stopped, 0)?.text).toBe("$(sync~spin) queue stopped, 1 running");
  });

  it("says that a usage limit is waited for", () => {
    const limited: QueueStatus = { limits: [{ agent: "", until: 5, reason: "Too many requests.", isTrying: false }] };
    expect(statusText([taskWith("a")], limited, 0)?.text).toBe("$(clock) usage limit, 1 ready");
  });

  it("is made anew when the next scheduled task becomes ready", () => {
    expect(nextDue([taskWith("a"), taskWith("b", { notBefore: 9 }), taskWith("c", { notBefore: 7 }), taskWith("d", { notBefore: 3 })], 5)).toBe(7);
    expect(nextDue([taskWith("a")], 5)).toBeUndefined();
  });
});

describe("notices", () => {
  it("come for a failure for good, a question and finished work only", () => {
    expect(noticeOf(changeOf(failed, failure))).toMatchObject({ kind: "failed", title: "Add login" });
    expect(noticeOf(changeOf(taskWith("a"), { ...failure, willRetryAt: 5 }))).toBeUndefined();
    const done = changeOf(taskWith("a", { status: "done" }), { type: "completed", summary: "", unblocked: [] });
    expect(noticeOf(done)).toMatchObject({ kind: "finished" });
    expect(noticeText([noticeOf(done)].flatMap((notice) => notice ?? []))).toBe('"Task a" is done and waits for your review.');
    expect(noticeOf(changeOf(taskWith("a"), { type: "created" }))).toBeUndefined();
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
