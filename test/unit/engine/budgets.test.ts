import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lastWordsMs } from "../../../src/engine/oversight.ts";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import type { Task } from "../../../src/model/task.ts";
import type { Usage } from "../../../src/model/usage.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { ManualClock } from "../../helpers/manualClock.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { TestEngine, type AgentTurnProbe } from "../../helpers/testEngine.ts";

const minute = 60_000;
const dayMs = 86_400_000;

let folder: TempDir;
let clock: ManualClock;
let t: TestEngine;
beforeEach(async () => {
  folder = createTempDir("budget-");
  clock = new ManualClock();
  t = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner: "one" });
  t.world.onTurn = () => undefined;
  await t.engine.start();
});
afterEach(async () => {
  await t.close();
  folder.dispose();
});

const use = (turn: AgentTurnProbe, tokens: number, more: Partial<Usage> = {}): void =>
  void turn.observer.onEvents?.([{ type: "usage", usage: { inputTokens: tokens, outputTokens: 0, ...more } }]);
const settings = (changes: Partial<TestEngine["world"]["settings"]>): void => void (t.world.settings = { ...t.world.settings, ...changes });
/** Waits for a status; a turn that used its budget up gets no time for more. */
const reached = (task: Task, status: Task["status"], engine = t): Promise<Task> =>
  waitFor(
    async () => {
      const row = await engine.engine.get(task.id);
      if (row.status === status) return row;
      engine.clock.advance(lastWordsMs);
      return undefined;
    },
    { what: `status ${status}` },
  );
const warnings = async (task: Task): Promise<string[]> =>
  (await t.engine.events(task.id, { limit: 1_000 })).flatMap((event) => (event.type === "log" && event.level === "warn" ? [event.message] : []));

async function running(title: string, more: Parameters<TestEngine["add"]>[1] = {}): Promise<{ readonly task: Task; readonly turn: AgentTurnProbe }> {
  const task = await t.add(title, more);
  const index = t.world.turns.length;
  await t.engine.run(task.id);
  return { task, turn: await t.turn(index) };
}

describe("the budget of a task", () => {
  test("is told of once at 80 percent, then holds the run and asks", async () => {
    const { task, turn } = await running("write", { budget: { tokens: 1_000 } });
    use(turn, 799);
    await waitFor(async () => (await t.engine.attempts(task.id))[0]?.usage.inputTokens === 799, { what: "the usage" });
    use(turn, 800);
    await waitFor(async () => (await warnings(task)).length === 1, { what: "the warning" });
    use(turn, 900);
    use(turn, 1_000);
    const held = await reached(task, "paused");
    expect(await warnings(task)).toEqual(["80 % are used: 800 of 1,000 tokens of the task's budget."]);
    expect(held.attention).toMatchObject({ kind: "budget", use: { scope: "task", measure: "tokens", used: 1_000, limit: 1_000 } });
    expect(turn.gate.isClosed).toBe(true);
    expect(turn.cancelReasons).toEqual([]);
    expect(await t.engine.budget(task.id)).toMatchObject([{ scope: "task", measure: "tokens", used: 1_000, limit: 1_000 }]);
  });

  test("a resume allows as much again, and says so; then it holds again", async () => {
    const { task, turn } = await running("write", { budget: { turns: 5 } });
    use(turn, 1, { turns: 6 });
    await reached(task, "paused");
    await t.engine.resume(task.id);
    expect(await t.engine.get(task.id)).toMatchObject({ status: "in_progress", allowances: { "task.turns": 11 } });
    expect((await t.engine.get(task.id)).attention).toBeUndefined();
    expect(turn.gate.isClosed).toBe(false);
    use(turn, 1, { turns: 10 });
    use(turn, 1, { turns: 11 });
    expect((await reached(task, "paused")).attention?.use).toMatchObject({ used: 11, limit: 11, portion: 5 });
  });

  test("counts over attempts that were tried again, and anew after a retry by hand", async () => {
    const { task, turn } = await running("write", { budget: { costUsd: 1 } });
    use(turn, 1, { costUsd: 0.6 });
    await t.engine.stop(task.id);
    await t.engine.startAgain(task.id);
    await t.engine.run(task.id);
    const second = await t.turn(1);
    use(second, 1, { costUsd: 0.6 });
    await waitFor(async () => (await t.engine.attempts(task.id))[1]?.usage.costUsd === 0.6, { what: "the usage" });
    expect((await t.engine.budget(task.id))[0]?.used).toBeCloseTo(0.6);
    expect((await t.engine.get(task.id)).status).toBe("in_progress");
  });

  test("holds over the end of the process: the next one finds the same, and a resume there allows more too", async () => {
    const { task, turn } = await running("write", { budget: { tokens: 10 } });
    use(turn, 10);
    await reached(task, "paused");
    const other = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner: "two" });
    other.world.goneOwners = ["one"];
    other.world.onTurn = () => undefined;
    await other.engine.start();
    await waitFor(async () => (await other.engine.get(task.id)).lease === undefined, { what: "the release" });
    expect((await other.engine.get(task.id)).attention?.kind).toBe("budget");
    await other.engine.resume(task.id);
    expect(await other.engine.get(task.id)).toMatchObject({ status: "in_progress", allowances: { "task.tokens": 20 } });
    await other.close();
  });

  test("may stop the run instead; its work stays", async () => {
    settings({ budgetReached: "stop", budgetTask: { minutes: 2 } });
    const { task, turn } = await running("write");
    use(turn, 1, { activeMs: 2 * minute });
    const stopped = await reached(task, "stopped");
    expect(stopped.attention).toBeUndefined();
    const ended = (await t.engine.events(task.id, { limit: 100 })).find(({ type }) => type === "stopped");
    expect(ended).toMatchObject({ reason: expect.stringContaining("2 of 2 minutes of the task's budget") as string });
    expect(t.world.gitCalls).toContain("cleanup");
  });

  test.each(["pause", "stop"] as const)("that the last words used up leaves the work done (%s)", async (budgetReached) => {
    settings({ budgetReached, budgetTask: { tokens: 10 } });
    const { task, turn } = await running("write");
    const timers = clock.pending;
    use(turn, 10);
    use(turn, 11);
    await waitFor(() => clock.pending > timers, { what: "the wait for the end of the turn" });
    expect((await t.engine.get(task.id)).status).toBe("in_progress");
    turn.finish("I wrote it.");
    await waitFor(async () => (await t.engine.get(task.id)).status === "done", { what: "the end" });
    expect(clock.pending).toBeLessThan(timers);
    expect(t.published(task)).not.toContain("paused");
  });

  test("leaves a turn that asks to the answer, and looks again behind it", async () => {
    const { task, turn } = await running("write", { budget: { tokens: 10 } });
    const timers = clock.pending;
    use(turn, 10);
    await waitFor(() => clock.pending > timers, { what: "the wait for the end of the turn" });
    const answer = turn.observer.onPermission?.({ toolCallId: "call", toolName: "shell", title: "shell", input: { command: "git push" } });
    const question = await waitFor(async () => (await t.engine.get(task.id)).attention?.question, { what: "the question" });
    clock.advance(lastWordsMs);
    await t.engine.answer(task.id, { questionId: question.id, decision: "allow_once" });
    expect(await answer).toBe("allow_once");
    expect(turn.gate.isClosed).toBe(false);
    use(turn, 11);
    expect((await reached(task, "paused")).attention?.kind).toBe("budget");
  });

  test("that is used up holds the turn in which a failed check is mended, too", async () => {
    settings({ budgetTask: { tokens: 10 } });
    t.world.files = [];
    const { task, turn } = await running("write");
    use(turn, 10);
    turn.finish("I did nothing.");
    const mending = await t.turn(1);
    use(mending, 11);
    await reached(task, "paused");
    expect(mending.gate.isClosed).toBe(true);
  });

  test("of its own goes over the one of the settings, measure by measure", async () => {
    settings({ budgetTask: { tokens: 10, turns: 3 } });
    const { task } = await running("write", { budget: { tokens: 500 } });
    expect((await t.engine.budget(task.id)).map(({ measure, limit }) => [measure, limit])).toEqual([
      ["turns", 3],
      ["tokens", 500],
    ]);
  });

  test("that makes no sense is refused", async () => {
    await expect(t.add("x", { budget: { tokens: 0 } })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(t.add("x", { budget: { dollars: 1 } as object })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });
});

describe("the budget of the day and of the queue", () => {
  test("counts what every task used, also removed ones, and in whatever process", async () => {
    settings({ budgetQueue: { tokens: 1_000 } });
    const first = await running("first");
    use(first.turn, 300);
    first.turn.finish();
    await reached(first.task, "done");
    await t.engine.remove(first.task.id);
    const other = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner: "two" });
    other.world.settings = t.world.settings;
    expect(await other.engine.queueStatus()).toEqual({ limits: [] });
    const second = await running("second");
    use(second.turn, 700);
    expect((await reached(second.task, "paused")).attention?.use).toMatchObject({ scope: "queue", used: 1_000 });
    expect(await other.engine.queueStatus()).toMatchObject({ budget: { scope: "queue", measure: "tokens", used: 1_000, limit: 1_000 } });
    await other.close();
  });

  test("keeps the queue from starting anything by itself, but not a person; then it holds that too", async () => {
    settings({ budgetQueue: { tokens: 100 } });
    const heard: QueueStatus[] = [];
    t.engine.onDidChangeQueue((status) => heard.push(status));
    const first = await running("first");
    use(first.turn, 100);
    await reached(first.task, "paused");
    const next = await t.add("next");
    expect(await t.engine.runAll()).toEqual([]);
    const wished = await t.engine.run(next.id);
    use(await t.turn(1), 1);
    await reached(next, "paused");
    expect(wished.task.id).toBe(next.id);
    await waitFor(() => heard.some(({ budget }) => budget !== undefined), { what: "the news that the queue is held" });
  });

  test("begins anew with the local day, and running all goes on then by itself", async () => {
    settings({ budgetDay: { tokens: 100 } });
    const first = await running("first");
    use(first.turn, 100);
    await reached(first.task, "paused");
    await t.engine.stop(first.task.id);
    const next = await t.add("next");
    t.world.onTurn = (turn) => turn.finish();
    const timers = clock.pending;
    const all = t.engine.runAll();
    await waitFor(() => clock.pending > timers, { what: "the timer for tomorrow" });
    expect((await t.engine.get(next.id)).status).toBe("todo");
    clock.advance(dayMs);
    expect(await all).toEqual([next.id]);
    expect(await t.engine.queueStatus()).toEqual({ limits: [] });
  });
});

describe("a run that says nothing any more", () => {
  test("needs attention after the time of the setting, and no more when it speaks", async () => {
    settings({ stallMinutes: 3 });
    const { task, turn } = await running("write");
    for (let i = 0; i < 29; i++) await tick(6_000);
    expect((await t.engine.get(task.id)).attention).toBeUndefined();
    await tick(6_000);
    await waitFor(async () => (await t.engine.get(task.id)).attention?.kind === "stall", { what: "the attention" });
    expect((await t.engine.get(task.id)).status).toBe("in_progress");
    use(turn, 1);
    await waitFor(async () => (await t.engine.get(task.id)).attention === undefined, { what: "its end" });
    expect(t.published(task).filter((type) => type === "attention")).toHaveLength(2);
  });

  test("needs attention also while its time of work is counted", async () => {
    settings({ stallMinutes: 1 });
    const { task, turn } = await running("write");
    use(turn, 5);
    for (let i = 1; i <= 20; i++) {
      await tick(6_000);
      use(turn, 5, { activeMs: i * 6_000 });
    }
    expect((await t.engine.get(task.id)).attention?.kind).toBe("stall");
  });

  test("is none while it is paused, and a machine that slept proves nothing", async () => {
    settings({ stallMinutes: 1 });
    const { task } = await running("write");
    await tick(60 * minute);
    expect((await t.engine.get(task.id)).attention).toBeUndefined();
    await t.engine.pause(task.id);
    for (let i = 0; i < 20; i++) await tick(6_000);
    expect((await t.engine.get(task.id)).attention).toBeUndefined();
  });

  test("keeps what else needs the user", async () => {
    settings({ stallMinutes: 1 });
    const { task } = await running("write");
    await t.store.get(task.id);
    const row = await t.engine.get(task.id);
    await t.store.commit({ task: { ...row, attention: { kind: "question", message: "Which?" } }, events: [] });
    for (let i = 0; i < 12; i++) await tick(6_000);
    expect((await t.engine.get(task.id)).attention?.kind).toBe("question");
  });
});

/** Lets the time pass in one step, and what it woke do its work. */
async function tick(ms: number): Promise<void> {
  clock.advance(ms);
  await t.store.list();
  await new Promise<void>((resolve) => setImmediate(resolve));
}
