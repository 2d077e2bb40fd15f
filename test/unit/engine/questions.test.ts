/** What a question shows, what lets a task go on, and what becomes of questions that nobody needs any more. */
import { afterEach, describe, expect, it } from "vitest";
import { allowed } from "../../../src/engine/allowance.ts";
import { unattended } from "../../../src/engine/approvals.ts";
import type { LeasedTask } from "../../../src/engine/ports.ts";
import { questionOf } from "../../../src/engine/questions.ts";
import type { ApprovalMode } from "../../../src/model/permission.ts";
import { maxQuestionText } from "../../../src/model/permission.ts";
import type { Task } from "../../../src/model/task.ts";
import type { PermissionOutcome, PermissionRequest } from "../../../src/model/toolCall.ts";
import { newTask } from "../../contract/taskStoreFixtures.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

describe("a question", () => {
  const context = { clock: { now: () => 7 }, random: () => 0.5 };
  const ruling = { kind: "ask", why: "changes a file" } as const;
  const ask = (request: Partial<PermissionRequest>): ReturnType<typeof questionOf> =>
    questionOf({ toolCallId: "c", toolName: "tool", title: "a title", ...request }, ruling, context);

  it("is named by its command, else by its file, else by Goose's title, else by the tool, in one line", () => {
    const diff = { path: "b.txt", newText: "x" };
    expect(ask({ input: { command: " a\n  b\t\tc " }, diff }).title).toBe("a b c");
    expect(ask({ input: { path: "a.txt" }, diff }).title).toBe("b.txt");
    expect(ask({ input: { path: "a.txt" } }).title).toBe("a.txt");
    expect(ask({ input: { path: 3 } }).title).toBe("a title");
    expect(ask({ title: "" }).title).toBe("tool");
    expect(ask({ input: { command: "x".repeat(200) } }).title).toBe("x".repeat(200));
    expect(ask({ input: { command: "x".repeat(201) } }).title).toBe(`${"x".repeat(199)}…`);
  });

  it("holds the whole command and nothing else of the input; of a change only the change", () => {
    const command = "echo ".repeat(10_000);
    expect(ask({ input: { command, background: true } }).input).toEqual({ command });
    expect(ask({ input: { path: "a", content: "b" }, diff: { path: "a", newText: "b" } })).not.toHaveProperty("input");
    expect(ask({})).not.toHaveProperty("input");
    expect(ask({})).not.toHaveProperty("diff");
  });

  it("holds other input as far as a person reads, and a change's new text as far as it fits", () => {
    const json = (length: number): { text: string } => ({ text: "x".repeat(length - '{"text":""}'.length) });
    expect(ask({ input: json(20_000) }).input).toEqual(json(20_000));
    expect(ask({ input: json(20_001) }).input).toEqual({ omitted: "too long to be shown" });
    const diff = ask({ diff: { path: "a", oldText: "old", newText: "y".repeat(maxQuestionText + 1) } }).diff;
    expect(diff).toEqual({ path: "a", oldText: "old", newText: "y".repeat(maxQuestionText) });
  });

  it("has an id of ten characters, the time, and what Allow for this task would cover", () => {
    expect(ask({})).toMatchObject({ id: Math.floor(0.5 * 36 ** 10).toString(36), askedAt: 7, why: "changes a file" });
    expect(questionOf({ toolCallId: "c", toolName: "t", title: "" }, ruling, { ...context, random: () => 0 }).id).toBe("0000000000");
    expect(ask({})).not.toHaveProperty("covers");
    const covers = { key: "shell:npm", words: "npm" };
    expect(questionOf({ toolCallId: "c", toolName: "t", title: "" }, { ...ruling, covers }, context).covers).toEqual(covers);
  });
});

describe("a person lets a task go on", () => {
  const use = { scope: "task", measure: "turns", used: 12, limit: 10, portion: 10 } as const;

  it("that needed nothing: nothing changes", () => {
    const task = newTask("a");
    expect(allowed(task)).toEqual({ row: task, events: [] });
  });

  it("that needed them: it needs them no more", () => {
    const task = newTask("a", { attention: { kind: "stall", message: "silent" } });
    expect(allowed(task)).toEqual({ row: newTask("a"), events: [{ type: "attention", attention: null }] });
  });

  it("that had reached a budget: as much again is allowed, beside what was allowed before, and the journal says how much", () => {
    const task = newTask("a", { attention: { kind: "budget", message: "used up", use }, allowances: { "day.tokens": 5 } });
    const { row, events } = allowed(task);
    expect(row).toEqual(newTask("a", { allowances: { "day.tokens": 5, "task.turns": 22 } }));
    expect(events).toEqual([
      { type: "attention", attention: null },
      { type: "log", level: "info", message: expect.stringMatching(/^The user allowed more: 12 of 22 turns/) },
    ]);
    expect(allowed(newTask("a", { attention: { kind: "budget", message: "used up", use } })).row.allowances).toEqual({ "task.turns": 22 });
  });
});

describe("where nobody can be asked", () => {
  const decide = (mode: ApprovalMode, command: string, grants?: readonly string[]): ReturnType<ReturnType<typeof unattended>["decide"]> => {
    const task: Task = newTask("a", grants === undefined ? {} : { grants });
    const leased = { task } as LeasedTask;
    const place = { leased, worktree: "/worktree", signal: new AbortController().signal };
    return unattended(() => ({ approvalsMode: mode })).decide({ toolCallId: "c", toolName: "shell", title: "", input: { command } }, place);
  };

  it("what would be asked about is declined, and Goose hears why", async () => {
    expect(await decide("autonomous", "ls")).toEqual({ outcome: "allow_once" });
    const told = "This step runs a command that changes a remote repository. That needs leave, and nobody can be asked here: do without it.";
    expect(await decide("autonomous", "git push")).toEqual({ outcome: "reject_once", told, logged: `A tool call was declined. ${told}` });
  });

  it("what was allowed for the task goes ahead", async () => {
    expect(await decide("askWrites", "npm test")).toMatchObject({ outcome: "reject_once" });
    const t = new TestEngine();
    t.world.onTurn = () => undefined;
    t.world.settings = { ...t.world.settings, approvalsMode: "askWrites" };
    const task = await t.add("a");
    await t.engine.run(task.id);
    const turn = await t.turn();
    const answer = turn.observer.onPermission?.({ toolCallId: "c", toolName: "shell", title: "", input: { command: "npm test" } });
    const question = await waitFor(async () => (await t.engine.get(task.id)).attention?.question, { what: "the question" });
    await t.engine.answer(task.id, { questionId: question.id, decision: "allow_for_task" });
    expect(await answer).toBe("allow_once");
    const { grants } = await t.engine.get(task.id);
    expect(await decide("askWrites", "npm test", grants)).toEqual({ outcome: "allow_once" });
    await t.close();
  });
});

describe("a question that nobody needs any more", () => {
  let t: TestEngine;
  afterEach(() => t.close());

  /** A run whose tool call waits for an answer; the call is in the journal. */
  async function waiting(): Promise<{ readonly task: Task; readonly answer: Promise<PermissionOutcome> }> {
    t = new TestEngine();
    t.world.onTurn = () => undefined;
    const task = await t.add("a");
    await t.engine.run(task.id);
    const { observer } = await t.turn();
    await observer.onEvents?.([{ type: "tool_call", call: { toolCallId: "call", status: "pending", toolName: "shell" } }]);
    const answer = Promise.resolve(
      observer.onPermission?.({ toolCallId: "call", toolName: "shell", title: "", input: { command: "git push" } }) ?? "allow_once",
    );
    await waitFor(async () => (await t.engine.get(task.id)).attention?.question, { what: "the question" });
    return { task, answer };
  }

  it("because its call is stopped: the row is free of it, the journal tells, and the call is declined", async () => {
    const { task, answer } = await waiting();
    await t.engine.stopToolCall(task.id, "call");
    expect(await answer).toBe("reject_once");
    expect((await t.engine.get(task.id)).attention).toBeUndefined();
    expect(t.changes.map(({ event }) => event).at(-1)).toMatchObject({ type: "attention", attention: null });
    const turn = await t.turn();
    turn.finish();
    await waitFor(async () => (await t.engine.get(task.id)).status === "done", { what: "the end" });
  });

  it("another call's stop leaves it", async () => {
    const { task, answer } = await waiting();
    const { observer } = await t.turn();
    await observer.onEvents?.([{ type: "tool_call", call: { toolCallId: "other", status: "pending", toolName: "shell" } }]);
    await t.engine.stopToolCall(task.id, "other");
    const question = (await t.engine.get(task.id)).attention?.question;
    expect(question).toMatchObject({ toolCallId: "call" });
    await t.engine.answer(task.id, { questionId: question?.id ?? "", decision: "allow_once" });
    expect(await answer).toBe("allow_once");
  });

  it("what else came to need the user stays", async () => {
    const { task, answer } = await waiting();
    const row = await t.store.get(task.id);
    const attention = { kind: "stall", message: "silent" } as const;
    await t.store.commit({ task: { ...(row as Task), attention }, events: [] });
    await t.engine.stopToolCall(task.id, "call");
    expect(await answer).toBe("reject_once");
    expect((await t.engine.get(task.id)).attention).toEqual(attention);
  });
});
