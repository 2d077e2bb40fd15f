/** Questions of a run: who may answer, from where, how long they wait, and what a wait costs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PermissionQuestion } from "../../../src/model/permission.ts";
import type { Task } from "../../../src/model/task.ts";
import type { PermissionOutcome } from "../../../src/model/toolCall.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine, type AgentTurnProbe } from "../../helpers/testEngine.ts";

let folder: string;
let database: string;
const engines: TestEngine[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "approvals-"));
  database = path.join(folder, "queue.db");
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  rmSync(folder, { recursive: true });
});

async function open(owner: string, settings: Partial<TestEngine["world"]["settings"]> = {}): Promise<TestEngine> {
  const t = new TestEngine({ database, owner, ...(engines[0] === undefined ? {} : { clock: engines[0].clock }) });
  t.world.onTurn = () => undefined;
  t.world.settings = { ...t.world.settings, ...settings };
  engines.push(t);
  await t.engine.start();
  return t;
}

/** A running task whose agent asks for leave to push. */
async function asking(
  t: TestEngine,
  command = "git push",
): Promise<{ task: Task; turn: AgentTurnProbe; answer: Promise<PermissionOutcome>; question: PermissionQuestion }> {
  const task = await t.add("task");
  await t.engine.run(task.id);
  const turn = await t.turn(t.world.turns.length);
  return { task, turn, ...(await ask(t, turn, command)) };
}

async function ask(
  t: TestEngine,
  turn: AgentTurnProbe,
  command: string,
  toolCallId = "call",
): Promise<{ answer: Promise<PermissionOutcome>; question: PermissionQuestion }> {
  const answer = Promise.resolve(turn.observer.onPermission?.({ toolCallId, toolName: "shell", title: "shell", input: { command } }) ?? "reject_once");
  const question = await questionOf(t, turn.leased.task);
  return { answer, question };
}

function questionOf(t: TestEngine, { id }: Task): Promise<PermissionQuestion> {
  return waitFor(async () => (await t.engine.get(id)).attention?.question, { what: "a question" });
}

const end = async (t: TestEngine, turn: AgentTurnProbe): Promise<Task> => {
  turn.finish();
  return waitFor(
    async () => {
      const task = await t.engine.get(turn.leased.task.id);
      return t.engine.running.length === 0 ? task : undefined;
    },
    { what: "the end of the run" },
  );
};

test("what is harmless goes ahead unasked, what is dangerous stands on the row until it is answered", async () => {
  const t = await open("a");
  const { task, turn, answer, question } = await asking(t);
  expect(question).toMatchObject({
    toolCallId: "call",
    toolName: "shell",
    title: "git push",
    input: { command: "git push" },
    why: expect.stringContaining("remote") as string,
  });
  expect(question.covers).toBeUndefined();
  await t.engine.answer(task.id, { questionId: question.id, decision: "allow_once" });
  expect(await answer).toBe("allow_once");
  expect((await t.engine.get(task.id)).attention).toBeUndefined();
  expect(await turn.observer.onPermission?.({ toolCallId: "c", toolName: "shell", title: "", input: { command: "npm test" } })).toBe("allow_once");
  expect((await end(t, turn)).status).toBe("done");
  expect(t.published(task)).toEqual(expect.arrayContaining(["attention", "answer"]));
});

test("a rejection with a note is told to the agent; one without says nothing more", async () => {
  const t = await open("a");
  const { task, turn, answer, question } = await asking(t);
  await t.engine.answer(task.id, { questionId: question.id, decision: "reject", note: "Nobody pushes today." });
  expect(await answer).toBe("reject_once");
  expect(turn.wishes).toMatchObject([{ type: "say", text: expect.stringContaining("Nobody pushes today.") as string }]);
  const second = await ask(t, turn, "git push", "second");
  await t.engine.answer(task.id, { questionId: second.question.id, decision: "reject" });
  expect(await second.answer).toBe("reject_once");
  expect(turn.wishes).toHaveLength(1);
});

test("what was allowed for the task is not asked again, also behind a restart, and nothing else is", async () => {
  const t = await open("a", { approvalsMode: "askWrites" });
  const { task, turn, answer, question } = await asking(t, "npm test");
  expect(question.covers).toMatchObject({ key: "run:npm test" });
  // Two at once are asked one after the other; the first answer covers the second.
  const twin = Promise.resolve(turn.observer.onPermission?.({ toolCallId: "twin", toolName: "shell", title: "", input: { command: "npm test -- a" } }));
  await t.engine.answer(task.id, { questionId: question.id, decision: "allow_for_task" });
  expect([await answer, await twin]).toEqual(["allow_once", "allow_once"]);
  expect((await t.engine.get(task.id)).grants).toEqual(["run:npm test"]);
  const other = await ask(t, turn, "npm ci", "other");
  await t.close();
  engines.length = 0;
  expect(await other.answer).toBe("reject_once");
  const again = await open("b", { approvalsMode: "askWrites" });
  expect((await again.engine.get(task.id)).attention).toBeUndefined();
  await again.engine.resume(task.id);
  const next = await again.turn();
  expect(await next.observer.onPermission?.({ toolCallId: "c", toolName: "shell", title: "", input: { command: "npm test" } })).toBe("allow_once");
  await again.engine.stop(task.id);
});

test("a wait holds no slot: the next task runs meanwhile", async () => {
  const t = await open("a", { poolSize: 1 });
  const { task, answer, question } = await asking(t);
  const other = await t.add("other");
  await t.engine.run(other.id);
  await t.engine.answer(task.id, { questionId: question.id, decision: "allow_once" });
  expect(await answer).toBe("allow_once");
  expect(t.engine.running).toHaveLength(2);
});

test("another process answers; of two that do at once one wins and the other is told", async () => {
  const owner = await open("a");
  const [one, two] = [await open("b"), await open("c")];
  const { task, answer, question } = await asking(owner);
  const outcomes = await Promise.allSettled([
    one.engine.answer(task.id, { questionId: question.id, decision: "allow_once" }),
    two.engine.answer(task.id, { questionId: question.id, decision: "allow_once" }),
  ]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "CONFLICT" } });
  expect(await answer).toBe("allow_once");
});

test("answers that do not fit are refused and change nothing", async () => {
  const t = await open("a");
  const { task, answer, question } = await asking(t);
  const give = (more: object): Promise<void> => t.engine.answer(task.id, { questionId: question.id, decision: "reject", ...more });
  await expect(give({ questionId: "another" })).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(give({ decision: "allow_for_task" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(give({ decision: "allow_always" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(give({ decision: "allow_once", note: "x" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(give({ note: " " })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(give({ note: "x".repeat(20_000) })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  t.world.isTrusted = false;
  await expect(give({})).rejects.toMatchObject({ code: "UNTRUSTED" });
  t.world.isTrusted = true;
  await give({});
  expect(await answer).toBe("reject_once");
  await expect(give({})).rejects.toMatchObject({ code: "CONFLICT" });
});

test("nobody answers: it is rejected when its time is over, and the agent is told", async () => {
  const t = await open("a", { approvalsTimeoutMinutes: 5 });
  const { task, turn, answer } = await asking(t);
  t.clock.advance(5 * 60_000 - 1);
  expect((await t.engine.get(task.id)).attention).toBeDefined();
  t.clock.advance(1);
  expect(await answer).toBe("reject_once");
  expect(turn.wishes).toMatchObject([{ type: "say", text: expect.stringContaining("Nobody answered within 5 minutes") as string }]);
  expect(t.changes.map(({ event }) => event).find(({ type }) => type === "answer")).toMatchObject({ by: "timeout", answer: { decision: "reject" } });
});

test("a pause meanwhile keeps the question: its time stands still, and an answer waits for the resume", async () => {
  const t = await open("a", { approvalsTimeoutMinutes: 5 });
  const { task, answer, question } = await asking(t);
  await t.engine.pause(task.id);
  t.clock.advance(60 * 60_000);
  expect((await t.engine.get(task.id)).attention?.question?.id).toBe(question.id);
  await t.engine.answer(task.id, { questionId: question.id, decision: "allow_once" });
  let isThrough = false;
  void answer.then(() => (isThrough = true));
  expect((await t.engine.get(task.id)).status).toBe("paused");
  expect(isThrough).toBe(false);
  await t.engine.resume(task.id);
  expect(await answer).toBe("allow_once");
});

test.each(["stop", "cancel"] as const)("a %s while it waits ends the run at once and takes the question away", async (verb) => {
  const t = await open("a");
  const { task, answer } = await asking(t);
  await t.engine[verb](task.id);
  expect(await answer).toBe("reject_once");
  expect(await t.engine.get(task.id)).toMatchObject({ status: verb === "stop" ? "stopped" : "cancelled" });
  expect((await t.engine.get(task.id)).attention).toBeUndefined();
});

test("a turn that ends by itself takes its question along, and a later answer is told so", async () => {
  const t = await open("a");
  const { task, turn, answer, question } = await asking(t);
  expect((await end(t, turn)).attention).toBeUndefined();
  expect(await answer).toBe("reject_once");
  await expect(t.engine.answer(task.id, { questionId: question.id, decision: "allow_once" })).rejects.toMatchObject({ code: "CONFLICT" });
});

test("when the process that asked is gone, an answer is refused, and recovery takes the question away", async () => {
  const owner = await open("a");
  const other = await open("b");
  const { task, question } = await asking(owner);
  other.world.goneOwners = ["a"];
  await expect(other.engine.answer(task.id, { questionId: question.id, decision: "allow_once" })).rejects.toMatchObject({ code: "CONFLICT" });
  other.clock.advance(30_000);
  await waitFor(async () => (await other.engine.get(task.id)).status === "paused", { what: "the recovery" });
  expect((await other.engine.get(task.id)).attention).toBeUndefined();
});

test("where only looking is allowed, what writes or runs is declined without a question, and the agent hears why once", async () => {
  const t = await open("a", { approvalsMode: "readOnly" });
  const task = await t.add("task");
  await t.engine.run(task.id);
  const turn = await t.turn();
  const decide = (toolName: string, input: object): Promise<PermissionOutcome> | PermissionOutcome | undefined =>
    turn.observer.onPermission?.({ toolCallId: toolName, toolName, title: "", input: { ...input } });
  expect(await decide("shell", { command: "ls" })).toBe("reject_once");
  expect(await decide("write", { path: "a.txt", content: "" })).toBe("reject_once");
  expect(await decide("tree", { path: "." })).toBe("allow_once");
  expect(turn.wishes).toHaveLength(1);
  expect((await t.engine.get(task.id)).attention).toBeUndefined();
});
