import { expect, test } from "vitest";
import { spentDayName, spentTotalName } from "../../../src/model/budget.ts";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

test("what was used is added in the transaction that stores it, under the lease, and on its own local day", async () => {
  const t = new TestEngine();
  t.world.onTurn = () => undefined;
  await t.engine.start();
  const task = await t.add("write");
  const { token } = (await t.engine.run(task.id)).task.lease ?? { token: 0 };
  const at = new Date(2026, 10, 27, 23, 59).getTime();
  const append = (time: number, inputTokens: number, withToken = token): Promise<unknown> =>
    t.store.append({ taskId: task.id, token: withToken, events: [{ type: "usage", usage: { inputTokens, outputTokens: 0, turns: 1 }, attempt: 1, at: time }] });
  await append(at, 100);
  await append(at, 100);
  expect(await append(at, 500, token + 1)).toBeUndefined();
  await append(at + 120_000, 130);
  const states = await t.store.states();
  expect(states.get(spentTotalName)).toEqual({ turns: 1, minutes: 0, tokens: 130, costUsd: 0 });
  expect(states.get(spentDayName)).toEqual({ day: "2026-11-28", turns: 0, minutes: 0, tokens: 30, costUsd: 0 });
  await t.close();
});

test("a queue of which nothing was used has no such rows", async () => {
  const store = new SqliteTaskStore(openDatabase(":memory:"));
  expect([...(await store.states()).keys()]).toEqual([]);
  await store.close();
});
