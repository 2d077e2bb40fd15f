/** The demo in the whole product: real queue, threads and git; no Goose and no model. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { demoAgent } from "../../src/model/task.ts";
import { ProductEngine } from "../helpers/productEngine.ts";

let product: ProductEngine;
beforeEach(async () => {
  product = await ProductEngine.open({ settings: { goosePath: "/nowhere/goose" } });
});
afterEach(() => product.close());

test("two demo tasks are done, each with a commit, the second on top of the first, and nobody was asked", { timeout: 60_000 }, async () => {
  const demo = { agent: demoAgent, tags: ["demo"] };
  const first = await product.engine.enqueue({ ...demo, title: "Demo: write a note" });
  const second = await product.engine.enqueue({ ...demo, title: "Demo: add to the note", dependsOn: [first.id] });
  await expect(product.engine.runAll({ requireTags: ["demo"] })).resolves.toEqual([first.id, second.id]);
  const done = await product.engine.get(second.id);
  expect(done).toMatchObject({ status: "done", result: { artifacts: ["task-master-demo.md"] } });
  const note = product.repo.git("show", `${done.branch}:task-master-demo.md`);
  expect(note).toContain("## Demo: write a note");
  expect(note).toContain("## Demo: add to the note");
  expect(product.repo.git("status", "--porcelain")).toBe("");
  expect(product.model.requests).toEqual([]);
  expect(product.worktrees).toEqual([]);
});
