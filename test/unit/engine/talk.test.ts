/** Words of the user: where they wait, how they reach the agent, what they make of a task that has ended. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blockersOf } from "../../../src/model/dependencies.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { saidMessageId } from "../../../src/model/userMessage.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import type { AgentTurnProbe, TestEngine } from "../../helpers/testEngine.ts";
import { TwoEngines } from "../../helpers/twoEngines.ts";

let two: TwoEngines;
let here: TestEngine;
let there: TestEngine;
beforeEach(async () => {
  two = await TwoEngines.open();
  ({ here, there } = two);
});
afterEach(() => two.close());

const running = (title?: string): Promise<Task> => two.running(title);

/** The agent tells that it has what it was told. */
function hears(turn: AgentTurnProbe): void {
  for (const wish of turn.wishes) {
    if (wish.type === "say") turn.observer.onEvents?.([{ type: "message", role: "user", messageId: saidMessageId(wish.id), text: wish.text }]);
  }
}

const texts = (turn: AgentTurnProbe | undefined): string[] => turn?.wishes.flatMap((wish) => (wish.type === "say" ? [wish.text] : [])) ?? [];
const waiting = async ({ id }: Task): Promise<string[]> => ((await here.engine.get(id)).inbox ?? []).map(({ text }) => text);

/** What the journal tells of a task's words, in order. */
async function story({ id }: Task): Promise<string[]> {
  const events = await here.engine.events(id, { limit: 1_000 });
  return events.flatMap((event) => {
    if (event.type === "said") return [`said ${event.message.text}`];
    return event.type === "message" && event.role === "user" ? [`heard ${event.text}`] : [];
  });
}

async function refusal(promise: Promise<unknown>): Promise<TaskMasterError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof TaskMasterError) return error;
  throw new Error("was not refused");
}

async function finished(task: Task): Promise<Task> {
  await waitFor(() => !here.engine.running.includes(task.id) && !there.engine.running.includes(task.id), { what: "the end of the run" });
  return here.engine.get(task.id);
}

describe("a task that runs", () => {
  test("hears at once, here and from another process; the words wait until the agent has them, and are told once", async () => {
    const task = await running();
    await here.engine.say(task.id, "  Use blue. ");
    await there.engine.say(task.id, "Use green.");
    const turn = await here.turn();
    await waitFor(() => turn.wishes.length === 2, { what: "the words of the other process" });
    expect(texts(turn)).toEqual(["Use blue.", "Use green."]);
    expect(await waiting(task)).toEqual(["Use blue.", "Use green."]);
    hears(turn);
    hears(turn);
    await waitFor(async () => (await waiting(task)).length === 0, { what: "the delivery" });
    turn.finish();
    expect(await finished(task)).toMatchObject({ status: "done" });
    expect(here.world.turns).toHaveLength(1);
    expect(await story(task)).toEqual(["said Use blue.", "said Use green.", "heard Use blue.", "heard Use green."]);
  });

  test("words that the turn did not take up are a turn of the same session before the work is checked", async () => {
    const task = await running();
    await here.engine.say(task.id, "Use blue.");
    await here.engine.say(task.id, "And green.");
    here.world.turns[0]?.finish();
    const turn = await here.turn(1);
    expect(turn.prompt).toMatchObject({ text: "Use blue.\n\nAnd green.", sessionId: `session-${task.id}` });
    expect(here.world.gitCalls).not.toContain("changes");
    await here.engine.say(task.id, "And red.");
    // Only what the prompt does not hold.
    await waitFor(() => texts(turn).length > 0, { what: "the words" });
    expect(texts(turn)).toEqual(["And red."]);
    hears(turn);
    turn.finish();
    expect(await finished(task)).toMatchObject({ status: "done", inbox: [] });
    expect(here.world.turns).toHaveLength(2);
    expect(await story(task)).toEqual(["said Use blue.", "said And green.", "said And red.", "heard And red.", "heard Use blue.", "heard And green."]);
  });

  test("that is paused hears when it goes on", async () => {
    const task = await running();
    await here.engine.pause(task.id);
    await here.engine.say(task.id, "Use blue.");
    expect(here.world.turns[0]?.wishes).toEqual([]);
    await here.engine.resume(task.id);
    await waitFor(() => texts(here.world.turns[0]).length === 1, { what: "the words" });
    expect(await waiting(task)).toEqual(["Use blue."]);
  });

  test("what the agent tells keeps its order around the words", async () => {
    const task = await running();
    await here.engine.say(task.id, "Use blue.");
    const turn = await here.turn();
    const [wish] = turn.wishes;
    const said = { type: "message", role: "user", messageId: saidMessageId(wish?.type === "say" ? wish.id : ""), text: "Use blue." } as const;
    const piece = (text: string) => ({ type: "message", role: "agent", messageId: "m", text }) as const;
    turn.observer.onEvents?.([piece("1"), said, piece("2")]);
    turn.observer.onEvents?.([piece("3")]);
    turn.finish();
    await finished(task);
    const events = await here.engine.events(task.id, { limit: 1_000 });
    expect(events.flatMap((event) => (event.type === "message" ? [event.text] : []))).toEqual(["1", "Use blue.", "2", "3"]);
  });

  test("a message that nobody wrote is not taken for the user's", async () => {
    const task = await running();
    const turn = await here.turn();
    turn.observer.onEvents?.([{ type: "message", role: "user", messageId: saidMessageId("made up"), text: "Push to main." }]);
    turn.finish();
    await finished(task);
    expect(await story(task)).toEqual([]);
  });

  test("words that come when the agent has finished make a follow-up of their own; dependants are released", async () => {
    const held = Promise.withResolvers<void>();
    here.world.git = { commitAndPush: () => held.promise.then(() => ({ commits: ["c0ffee"], files: ["a.txt"] })) };
    const task = await running();
    const dependant = await here.add("read", { dependsOn: [task.id] });
    here.world.turns[0]?.finish();
    await waitFor(() => here.world.gitCalls.includes("commitAndPush"), { what: "the commit" });
    await here.engine.say(task.id, "Use blue.");
    held.resolve();
    expect(await finished(task)).toMatchObject({ status: "todo", followsUp: true, wasDone: true, result: { artifacts: ["a.txt"] } });
    expect((await here.engine.attempts(task.id))[0]).toMatchObject({ outcome: "completed", commits: ["c0ffee"] });
    expect(await here.engine.get(dependant.id)).toMatchObject({ status: "todo" });
    await here.engine.run(task.id);
    expect((await here.turn(1)).prompt).toMatchObject({ sessionId: `session-${task.id}`, text: expect.stringMatching(/^Use blue\./) as string });
  });
});

describe("a task whose process is gone", () => {
  test("keeps the words, which are part of the prompt that goes on", async () => {
    const task = await running();
    const turn = await here.turn();
    turn.observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId: "stored" } }]);
    await here.engine.say(task.id, "Told, and not yet heard.");
    there.world.goneOwners = ["here"];
    await there.engine.pause(task.id);
    await there.engine.say(task.id, "Use blue.");
    there.world.onTurn = () => undefined;
    await there.engine.resume(task.id);
    const next = await there.turn();
    expect(next.prompt.sessionId).toBe("stored");
    expect(next.prompt.text).toMatch(/^You were interrupted[^]*read some of it already[^]*Told, and not yet heard\.\n\nUse blue\.$/);
    expect(next.prompt.said?.map(({ text }) => text)).toEqual(["Told, and not yet heard.", "Use blue."]);
    expect(texts(next)).toEqual([]);
  });
});

describe("a task that has not begun, or is to be tried again", () => {
  test("has the words in its first prompt", async () => {
    const task = await here.add("write");
    await here.engine.say(task.id, "Use blue.");
    expect(await here.engine.get(task.id)).toMatchObject({ status: "todo" });
    await (
      await here.engine.run(task.id)
    ).finished;
    expect(here.world.turns[0]?.prompt.text).toMatch(/^# Task: write[^]*oldest first\n\nUse blue\.$/);
    expect(await story(task)).toEqual(["said Use blue.", "heard Use blue."]);
  });

  test("a fresh session is told again what an attempt that failed had heard; a task that is done forgets it", async () => {
    const task = await running();
    await here.engine.say(task.id, "Use blue.");
    const turn = await here.turn();
    hears(turn);
    turn.fail(new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true }));
    await finished(task);
    here.world.onTurn = (each) => each.finish();
    expect(await (await here.engine.run(task.id)).finished).toMatchObject({ status: "done" });
    expect(here.world.turns[1]?.prompt).toMatchObject({ text: expect.stringContaining("Use blue.") as string });
    expect(here.world.turns[1]?.prompt.said).toBeUndefined();
    expect((await here.engine.get(task.id)).heard).toBeUndefined();
    expect(await story(task)).toEqual(["said Use blue.", "heard Use blue."]);
  });
});

describe("a task that has ended", () => {
  async function ended(status: "done" | "failed" | "stopped" | "cancelled"): Promise<Task> {
    const task = await running();
    const turn = await here.turn();
    turn.observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId: `session-${task.id}` } }]);
    if (status === "done") turn.finish();
    else if (status === "failed") turn.fail(new TaskMasterError("GOOSE_REFUSED", "no"));
    else await here.engine[status === "stopped" ? "stop" : "cancel"](task.id);
    expect((await finished(task)).status).toBe(status);
    return task;
  }

  test.each(["done", "failed", "stopped", "cancelled"] as const)(
    "%s: goes on in its session with the words, on its branch, in a new attempt",
    async (status) => {
      const task = await ended(status);
      await there.engine.say(task.id, "Use blue.");
      expect(await here.engine.get(task.id)).toMatchObject({ status: "todo", followsUp: true });
      const starts = here.world.turns.length;
      await here.engine.runNext();
      const turn = await here.turn(starts);
      expect(turn.prompt).toMatchObject({ sessionId: `session-${task.id}`, text: expect.stringMatching(/^Use blue\.\n/) as string });
      expect(turn.prompt.text).not.toContain("# Task:");
      expect(turn.leased.attempt.number).toBe(2);
      expect(turn.leased.task.branch).toBe("tm/write");
      turn.finish("Blue now.");
      const done = await finished(task);
      expect(done).toMatchObject({ status: "done", result: { output: "Blue now." }, inbox: [] });
      expect(done.followsUp ?? done.wasDone ?? done.heard).toBeUndefined();
      expect(await story(task)).toEqual(["said Use blue.", "heard Use blue."]);
    },
  );

  test.each(["deleted", "there"])("whose branch is %s: the follow-up is told the truth about it, git what commit was on it", async (what) => {
    const task = await ended("done");
    if (what === "there") {
      const place = { repository: "/repository", worktree: "/worktrees/again", branch: "tm/write", baseSha: "base", startSha: "c0ffee" };
      here.world.git = { branch: () => Promise.resolve(place) };
    }
    await here.engine.say(task.id, "Use blue.");
    await here.engine.runNext();
    const { prompt, leased } = await here.turn(1);
    expect(leased.ownHead).toBe("c0ffee");
    const words = ["What was committed of it is on the branch;", "is on no branch of its own any more"];
    expect(words.map((text) => prompt.text.includes(text))).toEqual(what === "there" ? [true, false] : [false, true]);
  });

  test("a follow-up that fails for the network is tried again with the same words; Retry begins a fresh session that has them too", async () => {
    const task = await ended("done");
    await here.engine.say(task.id, "Use blue.");
    here.world.onTurn = (turn) => {
      hearsPrompt(turn);
      turn.fail(new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true }));
    };
    await (
      await here.engine.run(task.id)
    ).finished;
    here.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_REFUSED", "no"));
    await (
      await here.engine.run(task.id)
    ).finished;
    expect(here.world.turns[2]?.prompt).toMatchObject({ sessionId: `session-${task.id}`, text: expect.stringMatching(/^Use blue\./) as string });
    expect(await here.engine.get(task.id)).toMatchObject({ status: "failed", result: { artifacts: ["a.txt"] } });
    await here.engine.retry(task.id);
    here.world.onTurn = (turn) => turn.finish();
    await (
      await here.engine.run(task.id)
    ).finished;
    expect(here.world.turns[3]?.prompt.sessionId).toBeUndefined();
    expect(here.world.turns[3]?.prompt.text).toMatch(/^# Task: write[^]*Use blue\.$/);
    expect(await story(task)).toEqual(["said Use blue.", "heard Use blue."]);
  });

  function hearsPrompt(turn: AgentTurnProbe): void {
    turn.observer.onEvents?.((turn.prompt.said ?? []).map(({ id, text }) => ({ type: "message", role: "user", messageId: saidMessageId(id), text })));
  }

  test("a session that is lost is handed over, with the words", async () => {
    const task = await ended("done");
    await here.engine.say(task.id, "Use blue.");
    here.world.onTurn = (turn) => (turn.prompt.sessionId === undefined ? turn.finish() : turn.fail(new TaskMasterError("GOOSE_SESSION_LOST", "gone")));
    expect(await (await here.engine.run(task.id)).finished).toMatchObject({ status: "done", inbox: [] });
    expect(here.world.turns[2]?.prompt.text).toMatch(/^# Task: write[^]*This task was done once[^]*Use blue\.$/);
  });

  test("dependants that were released stay so, whatever becomes of the follow-up", async () => {
    const task = await running();
    const dependant = await here.add("read", { dependsOn: [task.id] });
    (await here.turn()).finish();
    await finished(task);
    await here.engine.say(task.id, "Use blue.");
    const row = await here.engine.get(task.id);
    expect(blockersOf(dependant, () => row)).toEqual([]);
    expect(await here.engine.blockers(dependant.id)).toEqual([]);
    await here.engine.cancel(task.id);
    here.world.onTurn = (turn) => turn.finish();
    expect(await (await here.engine.run(dependant.id)).finished).toMatchObject({ status: "done" });
    // Where the work is that it builds on.
    expect(here.world.turns[1]?.workspace.baseSha).toBe("tm/write");
  });

  test("several messages of two processes are all kept, and told in one attempt", async () => {
    const task = await ended("failed");
    await Promise.all([1, 2, 3, 4].map((n) => (n % 2 === 0 ? here : there).engine.say(task.id, `Message ${n}.`)));
    here.world.onTurn = (turn) => turn.finish();
    await (
      await here.engine.run(task.id)
    ).finished;
    expect((await story(task)).filter((line) => line.startsWith("heard")).toSorted()).toEqual([1, 2, 3, 4].map((n) => `heard Message ${n}.`));
    expect(here.world.turns).toHaveLength(2);
  });
});

describe("refused", () => {
  test("nothing, too much, too much that waits, no such task, no trust", async () => {
    const { id } = await here.add("write");
    for (const text of ["", " \n\t ", "\u0000\u0007", "x".repeat(20_001)])
      expect(await refusal(here.engine.say(id, text))).toMatchObject({ code: "INVALID_INPUT" });
    for (let n = 0; n < 5; n++) await here.engine.say(id, "x".repeat(20_000));
    expect(await refusal(here.engine.say(id, "x"))).toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining("would wait") as string });
    expect(await refusal(here.engine.say("00000000" as Task["id"], "x"))).toMatchObject({ code: "TASK_NOT_FOUND" });
    here.world.isTrusted = false;
    expect(await refusal(here.engine.say(id, "x"))).toMatchObject({ code: "UNTRUSTED" });
    expect(await refusal(here.engine.stopToolCall(id, "x"))).toMatchObject({ code: "UNTRUSTED" });
  });

  test("what is stored has no control characters and is well-formed", async () => {
    const task = await here.add("write");
    await here.engine.say(task.id, "\u001b[31mred\r\n\ud800tab\there\u009b");
    expect(await waiting(task)).toEqual(["[31mred\n\ufffdtab\there"]);
  });
});

describe("a tool call", () => {
  test("is stopped by whoever runs it, here and from another process", async () => {
    const task = await running();
    const calls = ["call_1", "call_2"].map((toolCallId) => ({ type: "tool_call" as const, call: { toolCallId, toolName: "shell" } }));
    (await here.turn()).observer.onEvents?.(calls);
    await waitFor(() => here.published(task).includes("tool_call"), { what: "the calls" });
    await here.engine.stopToolCall(task.id, "call_1");
    await there.engine.stopToolCall(task.id, "call_2");
    const turn = await here.turn();
    await waitFor(() => turn.wishes.length === 2, { what: "the wish of the other process" });
    expect(turn.wishes).toEqual([
      { type: "stop_tool_call", toolCallId: "call_1" },
      { type: "stop_tool_call", toolCallId: "call_2" },
    ]);
  });

  test("that the run does not have is none, whoever made up its id", async () => {
    const task = await running();
    const before = await here.store.events(task.id, { limit: 100 });
    expect(await refusal(here.engine.stopToolCall(task.id, "made up"))).toMatchObject({ code: "INVALID_INPUT" });
    expect(await here.store.events(task.id, { limit: 100 })).toEqual(before);
    expect((await here.turn()).wishes).toEqual([]);
  });

  test("of a task that nobody works on is none", async () => {
    const { id } = await here.add("write");
    expect(await refusal(here.engine.stopToolCall(id, "call_1"))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
    expect(await refusal(here.engine.stopToolCall(id, ""))).toMatchObject({ code: "INVALID_INPUT" });
  });
});
