import { expect, test } from "vitest";
import type { TaskId } from "../../../src/model/ids.ts";
import type { PermissionQuestion } from "../../../src/model/permission.ts";
import { FakeEngine } from "./fakeEngine.ts";
import { runCli } from "./runCli.ts";

const question: PermissionQuestion = {
  id: "q1",
  toolCallId: "c",
  toolName: "shell",
  title: "git push",
  input: { command: "git push \u202eorigin\u001b[2K" },
  why: "runs a command that changes a remote repository",
  askedAt: 1,
};

function asked(more: Partial<PermissionQuestion> = {}): { engine: FakeEngine; id: TaskId } {
  const engine = new FakeEngine();
  const { id } = engine.add({ status: "in_progress", attention: { kind: "permission", message: "Goose asks", question: { ...question, ...more } } });
  return { engine, id };
}

test.each([
  [["allow"], { decision: "allow_once" }],
  [["always"], { decision: "allow_for_task" }],
  [["reject"], { decision: "reject" }],
  [["reject", "--note", "Not today."], { decision: "reject", note: "Not today." }],
])("answer ID %j", async (words, answer) => {
  const { engine, id } = asked({ covers: { key: "run:git push", words: "every git push" } });
  const run = await runCli(["answer", id, ...words], { engine });
  expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  expect(engine.calls).toEqual([`answer ${id} ${JSON.stringify({ questionId: "q1", ...answer })}`]);
});

test.each([
  [["answer"]],
  [["answer", "a"]],
  [["answer", "a", "yes"]],
  [["answer", "a", "allow", "more"]],
  [["answer", "a", "allow", "--note", "x"]],
  [["run", "--approvals", "all"]],
  [["list", "--approvals", "ask-all"]],
])("%j is a mistake on the command line", async (argv) => {
  expect((await runCli(argv)).exitCode).toBe(2);
});

test("a task that asks nothing cannot be answered", async () => {
  const engine = new FakeEngine();
  const { id } = engine.add({ status: "in_progress" });
  const run = await runCli(["answer", id, "allow"], { engine });
  expect(run.exitCode).not.toBe(0);
  expect(run.stderr).toContain("asks nothing");
  expect(engine.calls).toEqual([]);
});

test("show tells the exact command, every character that cannot be seen spelled out, and how to answer", async () => {
  const { engine, id } = asked();
  const { stdout } = await runCli(["show", id], { engine });
  expect(stdout).toContain("git push <U+202E>origin<U+001B>[2K");
  expect(stdout).toContain("It can only be allowed once.");
  expect(stdout).toContain(`task-master-goose answer ${id} allow|always|reject`);
  expect((await runCli(["show", id, "--json"], { engine })).records).toMatchObject([
    { attention: { kind: "permission", question: { id: "q1", input: question.input as object } } },
  ]);
});

test("show tells a change line by line", async () => {
  const { engine, id } = asked({ diff: { path: "a.txt", oldText: "one\n", newText: "two\n" } });
  engine.tasks.set(id, {
    ...(await engine.get(id)),
    attention: {
      kind: "permission",
      message: "",
      question: { ...question, toolName: "edit", input: {}, diff: { path: "a.txt", oldText: "one\n", newText: "two\n" } },
    },
  });
  const { stdout } = await runCli(["show", id], { engine });
  expect(stdout).toMatch(/a\.txt\n\s+- one\n\s+\+ two\n/);
});
