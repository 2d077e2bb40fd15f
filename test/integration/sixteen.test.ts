/** The largest pool: sixteen tasks at the same moment, each with a real Goose in a thread and a worktree of its own. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { processesWithMarker, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { hold, messageText, type ModelScript } from "../helpers/modelScript.ts";
import { ProductEngine } from "../helpers/productEngine.ts";

const size = 16;
const all = Promise.withResolvers<void>();
/** All have been looked at. */
const release = Promise.withResolvers<void>();
const asked = new Set<string>();

/** Answers nobody before all sixteen have asked and the test has looked; then each writes its file and says so. */
const script: ModelScript = ({ messages }) => {
  const name = messages.map((message) => (message.role === "user" ? /make (file-\d+)/.exec(messageText(message))?.[1] : undefined)).find((found) => found);
  if (name === undefined) throw new Error("which file?");
  if (messages.some(({ role }) => role === "tool")) return { kind: "text", text: "Done." };
  asked.add(name);
  if (asked.size === size) all.resolve();
  return hold(release.promise, { kind: "tools", calls: [{ name: "write", arguments: { path: `${name}.txt`, content: `${name}\n` } }] });
};

let product: ProductEngine;
beforeEach(async () => {
  product = await ProductEngine.open({ script, settings: { poolSize: size } });
});
afterEach(() => product.close());

test("all are done, in sixteen worktrees, and no process is left", { timeout: 180_000 }, async () => {
  const names = Array.from({ length: size }, (_, index) => `file-${index}`);
  for (const name of names) await product.add(`make ${name}`);
  const working = product.engine.runAll();
  await all.promise;
  expect(product.engine.running).toHaveLength(size);
  expect(new Set(product.worktrees).size).toBe(size);
  expect((await processesWithMarker(product.home.dir)).filter(({ args }) => args.endsWith("goose acp"))).toHaveLength(size);
  release.resolve();
  await working;
  const tasks = await product.engine.list();
  expect(tasks.map(({ status }) => status)).toEqual(names.map(() => "done"));
  for (const { title, branch = "" } of tasks) {
    const name = title.replace("make ", "");
    expect(product.repo.git("ls-tree", "--name-only", branch).split("\n")).toEqual(["README.md", `${name}.txt`]);
  }
  const worktrees = await Promise.all(tasks.map(async ({ id }) => (await product.engine.attempts(id))[0]?.worktree));
  expect(new Set(worktrees).size).toBe(size);
  expect(product.worktrees).toEqual([]);
  await product.opened.dispose();
  await waitForNoProcesses(product.home.dir);
});
