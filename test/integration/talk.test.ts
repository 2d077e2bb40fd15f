/** Talking to a task through the whole product: real Goose, git, worker threads and store. */
import { afterEach, expect, test } from "vitest";
import { hold, messageText, type ModelReply, type ModelScript } from "../helpers/modelServer.ts";
import { ProductEngine } from "../helpers/productEngine.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import type { Task } from "../../src/model/task.ts";

let product: ProductEngine | undefined;
afterEach(async () => {
  await product?.close();
  product = undefined;
});

const write = (path: string, content: string): ModelReply => ({ kind: "tools", calls: [{ name: "write", arguments: { path, content } }] });
const answer = (text: string): ModelReply => ({ kind: "text", text });

/** Answers by the last thing that the user said, and how often the model has spoken since. */
function byLastWords(rules: Readonly<Record<string, readonly ModelReply[]>>): ModelScript {
  return ({ messages }) => {
    const at = messages.findLastIndex((message) => message.role === "user" && Object.keys(rules).some((words) => messageText(message).includes(words)));
    const text = at < 0 ? "" : messageText(messages[at] as (typeof messages)[number]);
    const [, replies = []] = Object.entries(rules).findLast(([words]) => text.includes(words)) ?? [];
    const turns = messages.slice(at).filter(({ role, tool_calls: calls }) => role === "assistant" && calls !== undefined).length;
    return replies[Math.min(turns, replies.length - 1)] ?? { kind: "status", status: 400 };
  };
}

async function open(rules: Readonly<Record<string, readonly ModelReply[]>>): Promise<ProductEngine> {
  product = await ProductEngine.open({ script: byLastWords(rules) });
  return product;
}

async function told({ engine }: ProductEngine, { id }: Task): Promise<string[]> {
  const events = await engine.events(id, { limit: 1_000 });
  return events.flatMap((event) => (event.type === "message" && event.role === "user" ? [event.text] : []));
}

test("words to a running task reach the model, are in the journal once, and the work is done with them", async () => {
  const held = Promise.withResolvers<void>();
  const current = await open({ "first task": [hold(held.promise, answer("Wait."))], "use blue": [write("color.txt", "blue\n"), answer("Blue now.")] });
  const task = await current.add("first task");
  const { finished } = await current.engine.run(task.id);
  await waitFor(() => current.model.requests.length === 1, { what: "the request" });
  await current.engine.say(task.id, "use blue");
  held.resolve();
  const done = await finished;
  expect(done).toMatchObject({ status: "done", result: { output: "Blue now." }, inbox: [] });
  expect(await told(current, task)).toEqual(["use blue"]);
  expect(current.repo.git("show", `${done.branch}:color.txt`)).toBe("blue");
});

test("a follow-up goes on in the session of the done task, on its branch, with a commit of its own", async () => {
  const current = await open({
    "first task": [write("color.txt", "red\n"), answer("Red it is.")],
    "use blue": [write("color.txt", "blue\n"), answer("Blue now.")],
  });
  const first = await current.run(await current.add("first task"));
  expect(first.status).toBe("done");
  await current.engine.say(first.id, "use blue");
  const done = await current.run(first);
  expect(done).toMatchObject({ status: "done", attempts: 2, branch: first.branch, result: { output: "Blue now.", artifacts: ["color.txt"] } });
  const log = current.repo.git("log", "--format=%(trailers:key=Task-Master-Id,valueonly)", `main..${done.branch}`);
  expect(log.split("\n").filter((line) => line !== "")).toEqual([`${first.id}/2`, `${first.id}/1`]);
  expect(current.repo.git("show", `${done.branch}:color.txt`)).toBe("blue");
  const [before, after] = await current.engine.attempts(first.id);
  expect(after?.sessionId).toBe(before?.sessionId);
  // The same conversation: the model sees the task, its own work and then the new words.
  const messages = (current.model.requests.at(-1)?.messages ?? []).map(messageText);
  const at = (words: string): number => messages.findIndex((text) => text.includes(words));
  expect(at("# Task: first task")).toBeGreaterThanOrEqual(0);
  expect(at("Red it is.")).toBeGreaterThan(at("# Task: first task"));
  expect(at("use blue")).toBeGreaterThan(at("Red it is."));
  expect(current.worktrees).toEqual([]);
});

test("a follow-up of a task whose branch was deleted goes on at the commit that is recorded", async () => {
  const current = await open({
    "first task": [write("color.txt", "red\n"), answer("Red it is.")],
    "use blue": [write("blue.txt", "blue\n"), answer("Blue now.")],
  });
  const first = await current.run(await current.add("first task"));
  current.repo.git("branch", "-D", first.branch ?? "");
  await current.engine.say(first.id, "use blue");
  const done = await current.run(first);
  expect(done).toMatchObject({ status: "done", branch: first.branch, result: { artifacts: ["blue.txt", "color.txt"] } });
  expect(current.repo.git("show", `${done.branch}:color.txt`)).toBe("red");
  const journal = await current.engine.events(first.id, { limit: 1_000 });
  expect(journal.filter((event) => event.type === "log" && event.message.includes("made again"))).toMatchObject([{ level: "warn" }]);
});

test("a follow-up is judged like any other attempt: the acceptance command decides", async () => {
  const current = await open({
    "first task": [write("color.txt", "red\n"), answer("Red it is.")],
    "and why": [answer("NOTHING TO CHANGE: because you said so.")],
  });
  const task = await current.add("first task", { acceptance: { commands: ["test -e never"] } });
  // Without tries that are left.
  for (let n = 0; n < 3; n++) await current.run(task);
  const failed = await current.engine.get(task.id);
  expect(failed).toMatchObject({ status: "failed" });
  await current.engine.say(task.id, "and why");
  const again = await current.run(failed);
  expect(again).toMatchObject({ attempts: 4, result: { error: { code: "VERIFICATION_FAILED" } } });
  expect((await told(current, task)).filter((text) => text === "and why")).toHaveLength(1);
});

test("words to a task that was closed while it ran are part of the prompt that goes on", async () => {
  const never = new Promise<never>(() => undefined);
  const current = await open({ "first task": [hold(never, answer("Never."))], "use blue": [write("color.txt", "blue\n"), answer("Blue now.")] });
  const task = await current.add("first task");
  await current.engine.run(task.id);
  await waitFor(() => current.model.requests.length === 1, { what: "the request" });
  const engine = await current.reopen();
  await engine.say(task.id, "use blue");
  expect(await engine.get(task.id)).toMatchObject({ status: "paused" });
  await engine.resume(task.id);
  const done = await waitFor(
    async () => {
      const row = await engine.get(task.id);
      return row.status === "done" ? row : undefined;
    },
    { what: "the end", timeoutMs: 30_000 },
  );
  expect(done).toMatchObject({ inbox: [] });
  expect(await told({ engine } as ProductEngine, task)).toEqual(["use blue"]);
  const last = current.model.requests.at(-1)?.messages.map(messageText) ?? [];
  expect(last.filter((text) => text.includes("use blue"))).toHaveLength(1);
});
