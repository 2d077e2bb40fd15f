/** What the provider's failures make of the task and of the queue, with real Goose, git and store. */
import { afterEach, expect, test } from "vitest";
import type { Task } from "../../src/model/task.ts";
import type { ModelReply } from "../helpers/modelServer.ts";
import { ProductEngine } from "../helpers/productEngine.ts";

let product: ProductEngine | undefined;
afterEach(async () => {
  await product?.close();
  product = undefined;
});

interface Opened {
  readonly engine: ProductEngine["engine"];
  readonly model: ProductEngine["model"];
  readonly add: (title: string) => ReturnType<ProductEngine["add"]>;
  readonly run: ProductEngine["run"];
}

/** The product with a model that always gives this reply. */
async function opened(reply: ModelReply, env: Record<string, string> = {}): Promise<Opened> {
  const current = await ProductEngine.open({ script: () => reply, settings: { poolSize: 1 }, env });
  product = current;
  return { engine: current.engine, model: current.model, add: (title) => current.add(title), run: (task) => current.run(task) };
}

test("a usage limit with its reset: the task waits for it without losing a try, and so do all others; then the queue goes on", async () => {
  const message = "Rate limit reached for scripted-model on requests per day. Please try again in 2h3m.";
  const { engine, model, add, run } = await opened({
    kind: "status",
    status: 429,
    body: { error: { message, type: "requests", code: "rate_limit_exceeded" } },
  });
  const [first] = [await add("first"), await add("second")];
  const before = Date.now();
  const ended = await run(first);
  const reset = (2 * 60 + 3) * 60_000;
  expect(ended).toMatchObject({ status: "todo", attempts: 1, freeAttempts: 1, result: { error: { code: "GOOSE_RATE_LIMIT" } } });
  expect(ended.notBefore).toBeGreaterThanOrEqual(before + reset);
  expect(ended.notBefore).toBeLessThanOrEqual(Date.now() + reset);
  const requests = model.requests.length;
  expect(await engine.runNext()).toBeUndefined();
  expect(model.requests).toHaveLength(requests);
  expect(await engine.queueStatus()).toMatchObject({ limits: [{ agent: "", until: ended.notBefore, isTrying: false }] });
  // The user bought more.
  model.setScript(() => ({ kind: "text", text: "NOTHING TO CHANGE: it is there already." }));
  await engine.resumeQueue();
  expect(await (await engine.runNext())?.finished).toMatchObject({ status: "done", title: "first" });
  expect(await engine.queueStatus()).toEqual({ limits: [] });
});

test("a limit without a reset (Goose does not hand on Retry-After): the task waits by itself, a minute at most the first time", async () => {
  const { engine, add, run } = await opened({ kind: "status", status: 429, headers: { "retry-after": "7200" } });
  const ended = await run(await add("first"));
  expect(ended).toMatchObject({ status: "todo", freeAttempts: 1 });
  expect(ended.notBefore).toBeLessThanOrEqual(Date.now() + 60_000);
  expect((await engine.queueStatus()).limits).toHaveLength(1);
});

test("a quota that is used up for good asks the user: no more tries, and the queue stops", async () => {
  const message = "You exceeded your current quota, please check your plan and billing details.";
  const { engine, add } = await opened({ kind: "status", status: 429, body: { error: { message, type: "insufficient_quota" } } });
  await add("first");
  await add("second");
  expect(await engine.runAll()).toHaveLength(1);
  expect((await engine.list()).map(({ status }) => status)).toEqual(["failed", "todo"]);
  expect((await engine.queueStatus()).stop).toMatchObject({ isCertain: true, failures: [{ code: "GOOSE_CREDITS" }] });
});

test("refused credentials: the task has failed at once and says what to do, the queue stops, and goes on when they are right", async () => {
  const { engine, model, add } = await opened({ kind: "status", status: 401 });
  await add("first");
  await add("second");
  expect(await engine.runAll()).toHaveLength(1);
  const [first] = await engine.list();
  expect(first).toMatchObject({
    status: "failed",
    attempts: 1,
    result: { error: { code: "GOOSE_AUTHENTICATION", message: expect.stringContaining("goose configure") } },
  });
  expect((await engine.queueStatus()).stop).toMatchObject({ isCertain: true });
  expect(await engine.runAll()).toEqual([]);
  model.setScript(() => ({ kind: "text", text: "NOTHING TO CHANGE: it is there already." }));
  await engine.retry(first?.id as Task["id"]);
  await engine.resumeQueue();
  expect(await engine.runAll()).toHaveLength(2);
  expect((await engine.list()).map(({ status }) => status)).toEqual(["done", "done"]);
});

test("a refused connection: the task is tried again in a while, until its tries are used up", async () => {
  const { engine, add, run } = await opened({ kind: "text", text: "never asked" }, { OPENAI_HOST: "http://127.0.0.1:9" });
  const task = await add("first");
  const first = await run(task);
  expect(first).toMatchObject({ status: "todo", attempts: 1, result: { error: { code: "GOOSE_NETWORK" } } });
  expect(first.freeAttempts).toBeUndefined();
  expect(first.notBefore).toBeGreaterThan(Date.now());
  await run(task);
  expect(await run(task)).toMatchObject({ status: "failed", attempts: 3 });
  expect((await engine.queueStatus()).stop).toBeUndefined();
  const events = await engine.events(task.id, { limit: 1_000 });
  expect(events.filter(({ type }) => type === "error").map((event) => "willRetryAt" in event)).toEqual([true, true, false]);
});
