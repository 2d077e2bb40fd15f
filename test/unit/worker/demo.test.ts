import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { demoRun } from "../../../src/worker/handlers/demoRun.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";
import { TestContext } from "./gooseFixture.ts";

const input = (worktree: string, title = "Demo: write a note") => ({ worktree, title, paceMs: 0 });

test("plays plan, thoughts, words and a tool call, and writes a file", async () => {
  using folder = createTempDir("tm-demo-");
  const context = new TestContext();
  await expect(demoRun(input(folder.dir), context)).resolves.toMatchObject({ finalMessage: expect.stringContaining("I wrote") as string });
  expect(context.calls()).toMatchObject([{ toolName: "write", status: "completed", statuses: ["pending", "in_progress", "completed"] }]);
  expect(
    context
      .of("plan")
      .at(-1)
      ?.entries.map(({ status }) => status),
  ).toEqual(["completed", "completed", "completed"]);
  expect(context.text("thought")).toContain("no model is asked");
  await demoRun(input(folder.dir, "Demo: add to the note"), new TestContext());
  expect(readFileSync(path.join(folder.dir, "task-master-demo.md"), "utf8")).toMatch(/## Demo: write a note\n[^]*## Demo: add to the note\n/);
});

test("holds at the gate while it is paused, and ends when it is cancelled", async () => {
  using folder = createTempDir("tm-demo-");
  const context = new TestContext();
  context.pause();
  const run = demoRun(input(folder.dir), context);
  await Promise.resolve();
  expect(context.text("thought")).toBe("");
  context.cancel();
  await expect(run).rejects.toMatchObject({ code: "CANCELLED" });
});

test("writes nothing without leave, and says so", async () => {
  using folder = createTempDir("tm-demo-");
  const context = new TestContext();
  context.permit = () => Promise.resolve("reject_once");
  await expect(demoRun(input(folder.dir), context)).resolves.toMatchObject({ finalMessage: expect.stringMatching(/^NOTHING TO CHANGE:/) as string });
  expect(() => readFileSync(path.join(folder.dir, "task-master-demo.md"))).toThrow("ENOENT");
});
