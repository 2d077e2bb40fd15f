/** A provider that hangs, with real Goose: the user is told long before the attempt ends, and the end is by our clock, not by Goose's. */
import { afterEach, expect, test } from "vitest";
import type { ModelReply } from "../helpers/modelServer.ts";
import { ProductEngine } from "../helpers/productEngine.ts";

let product: ProductEngine | undefined;
afterEach(async () => {
  await product?.close();
  product = undefined;
});

const seconds = (count: number): number => count / 60;

test.each<[string, ModelReply]>([
  ["before the first byte", { kind: "hang" }],
  ["in the middle of an answer", { kind: "stall", text: "I will look at" }],
])("a model that hangs %s needs attention, then ends the attempt, and the task is tried again", async (_where, reply) => {
  const settings = { poolSize: 1, stallMinutes: seconds(2), idleMinutes: seconds(7), maxAttempts: 2 };
  product = await ProductEngine.open({ script: () => reply, settings });
  const { engine } = product;
  const task = await product.add("first");
  const run = await engine.run(task.id);
  await product.heard(({ event }) => event.type === "attention" && event.attention?.kind === "stall", "the attention of a stall");
  expect(await engine.get(task.id)).toMatchObject({
    status: "in_progress",
    attention: { kind: "stall", message: expect.stringContaining("Nothing was heard") },
  });
  const ended = await run.finished;
  expect(ended).toMatchObject({ status: "todo", attempts: 1, result: { error: { code: "TIMEOUT" } } });
  expect(ended).not.toHaveProperty("attention.kind", "stall");
  expect(ended.notBefore).toBeGreaterThan(Date.now());
});
