import { expect, test } from "vitest";
import { revealed } from "../../../src/base/revealed.ts";
import type { PermissionQuestion } from "../../../src/model/permission.ts";
import type { Task } from "../../../src/model/task.ts";
import { noticeOf } from "../../../src/views/notices.ts";
import { changeOf, taskWith } from "./taskFixture.ts";

function noticeFor(command: string, title = command): ReturnType<typeof noticeOf> {
  const question: PermissionQuestion = { id: "q", toolCallId: "c", toolName: "shell", title, input: { command }, why: "runs a command", askedAt: 0 };
  const attention: NonNullable<Task["attention"]> = { kind: "permission", message: `${title} (Goose runs a command)`, question };
  return noticeOf(changeOf(taskWith("a", { status: "in_progress", attention }), { type: "attention", attention }));
}

test("a question whose command is seen whole can be answered in the message", () => {
  expect(noticeFor("git push")).toMatchObject({ kind: "attention", questionId: "q", message: "git push (Goose runs a command)" });
});

test.each([
  ["long", "x".repeat(400), `${"x".repeat(199)}…`],
  ["several lines", "ls\nrm -rf ~", "ls rm -rf ~"],
  ["what cannot be seen", "ls \u202e", "ls \u202e"],
])("one with %s can only be opened", (_what, command, title) => {
  expect(noticeFor(command, title)).not.toHaveProperty("questionId");
});

test("what cannot be seen is spelled out, all the rest stays", () => {
  expect(revealed("a\u0000b\u001b[2Kc\rd\ne\tf\u200b\u202e\u{e0041}ü\u00ad😀")).toBe(
    "a<U+0000>b<U+001B>[2Kc<U+000D>d\ne\tf<U+200B><U+202E><U+E0041>ü<U+00AD>😀",
  );
});
