/** What may not be taken must not hide what stands behind it in the line. */
import { expect, test } from "vitest";
import { TestEngine } from "../../helpers/testEngine.ts";
import { NextTask } from "../../../src/engine/nextTask.ts";

test("a task that could not be taken is passed over, and the next of its priority is chosen", async () => {
  const queue = new TestEngine();
  const first = await queue.add("first");
  const second = await queue.add("second");
  const third = await queue.add("third");
  const guard = { gate: () => Promise.resolve({ held: new Map() }), reserve: () => Promise.resolve(true) } as never;
  const next = new NextTask({ store: queue.store, clock: queue.clock, guard });
  const choose = (...refused: readonly (typeof first)[]): ReturnType<NextTask["choose"]> =>
    next.choose({ criteria: {}, isWish: true, refused: new Set(refused.map(({ id }) => id)) });
  expect(await choose()).toMatchObject({ kind: "task", task: { id: first.id } });
  expect(await choose(first)).toMatchObject({ kind: "task", task: { id: second.id } });
  expect(await choose(first, second)).toMatchObject({ kind: "task", task: { id: third.id } });
  expect(await choose(first, second, third)).toEqual({ kind: "nothing" });
  await queue.close();
});
