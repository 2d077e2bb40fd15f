/** What a person ran by itself is tried again when its time has come, also where nobody runs all tasks. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { dayOf, spentDayName } from "../../../src/model/budget.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine, type AgentTurnProbe } from "../../helpers/testEngine.ts";

const minute = 60_000;
let t: TestEngine;
beforeEach(async () => {
  t = new TestEngine({ triesAgain: true });
  await t.engine.start();
  failOnce();
});
afterEach(() => t.close());

const refused = (code: "GOOSE_NETWORK" | "GOOSE_RATE_LIMIT" = "GOOSE_NETWORK"): TaskMasterError =>
  new TaskMasterError(code, "refused", { retryable: true, ...(code === "GOOSE_RATE_LIMIT" ? { retryAt: t.clock.now() + 10 * minute } : {}) });

/** The first turn fails, every other is what the test makes of it. */
function failOnce(error = refused(), others: (turn: AgentTurnProbe) => void = (turn) => turn.finish()): void {
  t.world.onTurn = (turn) => (t.world.turns.length === 1 ? turn.fail(error) : others(turn));
}

async function failed(task: Task): Promise<Task> {
  const ended = await (await t.engine.run(task.id)).finished;
  expect(ended).toMatchObject({ status: "todo", attempts: 1, notBefore: expect.any(Number) as number });
  return ended;
}

/** The task as it is when it is done. */
const done = (task: Task): Promise<Task> =>
  waitFor(
    async () => {
      const row = await t.engine.get(task.id);
      return row.status === "done" ? row : undefined;
    },
    { what: "the task to be done" },
  );

/** How many attempts the task has had when what would start has had its chance. */
async function attemptsOf(task: Task): Promise<number> {
  for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
  return (await t.engine.get(task.id)).attempts;
}

test("a task that was run by itself is tried again at its time, not before", async () => {
  const task = await failed(await t.add("write"));
  t.clock.advance((task.notBefore ?? 0) - t.clock.now() - 1);
  expect(await attemptsOf(task)).toBe(1);
  t.clock.advance(1);
  expect(await done(task)).toMatchObject({ attempts: 2 });
});

test("and so is one that was run as the next one", async () => {
  const task = await t.add("write");
  expect(await (await t.engine.runNext())?.finished).toMatchObject({ status: "todo" });
  t.clock.advance(minute);
  expect(await done(task)).toMatchObject({ attempts: 2 });
});

test("a task of Run All that was told to start no more is left alone", async () => {
  const task = await t.add("write");
  const halt = new AbortController();
  t.world.onTurn = (turn) => {
    halt.abort();
    turn.fail(refused());
  };
  await t.engine.runAll({}, { signal: halt.signal });
  t.clock.advance(minute);
  expect(await attemptsOf(task)).toBe(1);
});

test.each([
  ["put back by hand", (task: Task) => t.engine.cancel(task.id).then(() => t.engine.retry(task.id))],
  ["cancelled", (task: Task) => t.engine.cancel(task.id)],
  ["no longer trusted", () => Promise.resolve(void (t.world.isTrusted = false))],
])("what was %s meanwhile is not tried", async (_what, meddle) => {
  const task = await failed(await t.add("write"));
  await meddle(task);
  t.clock.advance(minute);
  expect(await attemptsOf(task)).toBe(1);
});

test("it waits for a slot", async () => {
  t.world.settings = { ...t.world.settings, poolSize: 1 };
  failOnce(refused(), (turn) => turn.leased.task.title === "write" && turn.finish());
  const task = await failed(await t.add("write"));
  const other = await t.engine.run((await t.add("long")).id);
  t.clock.advance(minute);
  expect(await attemptsOf(task)).toBe(1);
  (await t.turn(1)).finish();
  await other.finished;
  expect(await done(task)).toMatchObject({ attempts: 2 });
});

test("it waits while the queue is stopped", async () => {
  const task = await failed(await t.add("write"));
  t.world.onTurn = (turn) => (turn.leased.task.title === "write" ? turn.finish() : turn.fail(new TaskMasterError("GOOSE_AUTHENTICATION", "no")));
  await (
    await t.engine.run((await t.add("other")).id)
  ).finished;
  t.clock.advance(minute);
  expect(await attemptsOf(task)).toBe(1);
  await t.engine.resumeQueue();
  expect(await done(task)).toMatchObject({ attempts: 2 });
});

test("it waits for the limit of its agent, of which one task at a time tries whether it is over", async () => {
  failOnce(refused("GOOSE_RATE_LIMIT"));
  const task = await failed(await t.add("write"));
  t.clock.advance(9 * minute);
  expect(await attemptsOf(task)).toBe(1);
  t.clock.advance(minute);
  expect(await done(task)).toMatchObject({ attempts: 2 });
  expect((await t.engine.queueStatus()).limits).toEqual([]);
});

test("it waits for the next day when the day's budget is used up", async () => {
  const task = await failed(await t.add("write"));
  t.world.settings = { ...t.world.settings, budgetDay: { turns: 1 } };
  const { [spentDayName]: spent } = Object.fromEntries(await t.store.states());
  await t.store.replaceState(spentDayName, spent, { ...spent, day: dayOf(t.clock.now()), turns: 1 });
  t.clock.advance(minute);
  expect(await attemptsOf(task)).toBe(1);
  t.clock.advance(24 * 60 * minute);
  expect(await done(task)).toMatchObject({ attempts: 2 });
});

test("an engine that is stopped tries nothing", async () => {
  const task = await failed(await t.add("write"));
  await t.engine.stopEngine();
  expect(t.clock.pending).toBe(0);
  t.clock.advance(minute);
  expect((await t.store.get(task.id))?.attempts).toBe(1);
});
