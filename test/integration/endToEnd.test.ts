/** The main job with every real part: SQLite, worker threads, git worktrees, Goose; only the model is scripted. */
import { existsSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { cyrb53 } from "../../src/base/cyrb53.ts";
import type { Task } from "../../src/model/task.ts";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { byPrompt, forever, hold, sequence, type ModelReply, type ModelScript } from "../helpers/modelServer.ts";
import { ProductEngine, type ProductOptions } from "../helpers/productEngine.ts";
import { createTempRepo } from "../helpers/tempRepo.ts";

let product: ProductEngine;
const open = async (options: ProductOptions = {}): Promise<ProductEngine> => (product = await ProductEngine.open(options));
afterEach(() => product.close());

const write = (path: string, content: string): ModelReply => ({ kind: "tools", calls: [{ name: "write", arguments: { path, content } }] });
const shell = (command: string): ModelReply => ({ kind: "tools", calls: [{ name: "shell", arguments: { command } }] });
const say = (text: string): ModelReply => ({ kind: "text", text });

test("two dependent tasks: the second starts from the first's branch and both files are there", async () => {
  const script = byPrompt([
    ["write response.txt", [shell("cat hello.txt"), write("response.txt", "Hello to you.\n"), say("I wrote response.txt.")]],
    ["create hello.txt", [write("hello.txt", "Hello!\n"), say("I wrote hello.txt.")]],
  ]);
  await open({ script });
  const { repo } = product;
  repo.write("README.md", "changed by the user\n");
  const before = { head: repo.git("rev-parse", "HEAD"), status: repo.git("status", "--porcelain"), branch: repo.git("branch", "--show-current") };
  const first = await product.add("create hello.txt with a greeting");
  const second = await product.add("read hello.txt and write response.txt", { dependsOn: [first.id] });
  expect(await product.engine.runAll()).toEqual([first.id, second.id]);

  const [one, two] = (await product.engine.list()) as [Task, Task];
  expect([one.status, two.status]).toEqual(["done", "done"]);
  expect(one.branch).toBe(`tm/${cyrb53("create hello.txt with a greeting")}`);
  expect(repo.git("show", `${one.branch}:hello.txt`)).toBe("Hello!");
  expect(repo.git("show", `${two.branch}:response.txt`)).toBe("Hello to you.");
  expect(repo.git("merge-base", "--is-ancestor", one.branch as string, two.branch as string)).toBe("");
  expect(repo.git("log", "-1", "--format=%s%n%(trailers:key=Task-Master-Id,valueonly)", two.branch as string)).toBe(`${second.title}\n${second.id}/1\n`);
  expect({ head: repo.git("rev-parse", "HEAD"), status: repo.git("status", "--porcelain"), branch: repo.git("branch", "--show-current") }).toEqual(before);
  expect(product.worktrees).toEqual([]);
});

describe("a push", () => {
  const script = byPrompt([["write a", [write("a.txt", "x\n"), say("I wrote a.txt.")]]]);

  test("brings the branch of a finished task to the remote of the setting", async () => {
    await open({ script, settings: { pushRemote: "origin" } });
    using remote = createTempRepo();
    product.repo.git("remote", "add", "origin", `file://${remote.dir}`);
    const task = await product.run(await product.add("write a"));
    expect(remote.git("rev-parse", task.branch as string)).toBe(product.repo.git("rev-parse", task.branch as string));
    expect((await product.engine.attempts(task.id))[0]?.steps).toContain("pushed");
  });

  test("that cannot be leaves the task done, with the reason in its journal and result", async () => {
    await open({ script, settings: { pushRemote: "origin" } });
    const task = await product.run(await product.add("write a"));
    expect(task).toMatchObject({ status: "done", result: { output: expect.stringContaining('Not pushed: The repository has no remote "origin".') as string } });
    expect(product.repo.git("show", `${task.branch}:a.txt`)).toBe("x");
    expect((await product.engine.attempts(task.id))[0]?.steps).not.toContain("pushed");
  });
});

describe("a task that depends on two others", () => {
  const two = (first: string, second: string): ModelScript =>
    byPrompt([
      ["write c", [write("c.txt", "c\n"), say("Done.")]],
      ["write a", [write(first, "a\n"), say("Done.")]],
      ["write b", [write(second, "b\n"), say("Done.")]],
    ]);

  test("has the work of both", async () => {
    await open({ script: two("a.txt", "b.txt") });
    const [a, b] = [await product.add("write a"), await product.add("write b")];
    const c = await product.add("write c", { dependsOn: [a.id, b.id] });
    await product.engine.runAll();
    const done = await product.engine.get(c.id);
    expect(done).toMatchObject({ status: "done", result: { artifacts: ["c.txt"] } });
    expect(product.repo.git("ls-tree", "--name-only", done.branch as string).split("\n")).toEqual(["README.md", "a.txt", "b.txt", "c.txt"]);
    for (const { branch } of [await product.engine.get(a.id), await product.engine.get(b.id)]) {
      expect(product.repo.git("merge-base", "--is-ancestor", branch as string, done.branch as string)).toBe("");
    }
  });

  test("fails with the files when they contradict each other, and nothing is changed", async () => {
    await open({ script: two("same.txt", "same.txt") });
    const [a, b] = [await product.add("write a"), await product.add("write b")];
    const c = await product.add("write c", { dependsOn: [a.id, b.id] });
    await product.engine.runAll();
    const failed = await product.engine.get(c.id);
    expect(failed).toMatchObject({ status: "failed", result: { error: { code: "GIT_CONFLICT", message: expect.stringContaining("same.txt") as string } } });
    expect(product.repo.git("branch", "--list", "tm/*").split("\n")).toHaveLength(2);
  });
});

test("the journal holds what Goose said and did, and the tool's output", async () => {
  const reply: ModelReply = { kind: "text", text: "All done.", thinking: "Let me think." };
  await open({ script: sequence([shell("echo from the shell > a.txt; cat a.txt"), reply]) });
  const task = await product.run(await product.add("write a"));
  const events = await product.engine.events(task.id, { limit: 1_000 });
  const texts = (role: string): string => events.map((event) => (event.type === "message" && event.role === role ? event.text : "")).join("");
  expect(texts("agent")).toContain("All done.");
  expect(texts("thought")).toContain("Let me think.");
  const calls = events.flatMap((event) => (event.type === "tool_call" ? [event.call] : []));
  expect(calls.find((call) => call.toolName === "shell")?.input).toEqual({ command: "echo from the shell > a.txt; cat a.txt" });
  expect(calls.map((call) => call.outputDelta ?? "").join("")).toContain("from the shell");
  expect(calls.map((call) => call.status)).toContain("completed");
  expect((await product.engine.attempts(task.id))[0]?.usage.inputTokens).toBeGreaterThan(0);
});

test("pause holds at the next tool boundary, resume finishes the same work", async () => {
  const release = Promise.withResolvers<void>();
  await open({ script: sequence([hold(release.promise, write("late.txt", "x\n")), say("Done.")]) });
  const task = await product.add("write late.txt");
  const { finished } = await product.engine.run(task.id);
  await waitFor(() => product.model.requests.length > 0, { what: "Goose asking the model" });
  await product.engine.pause(task.id);
  release.resolve();
  await product.heard(({ event }) => event.type === "tool_call", "the tool call that is held");
  const { worktree } = (await product.engine.attempts(task.id))[0] ?? {};
  expect(existsSync(`${worktree}/late.txt`)).toBe(false);
  expect(await product.engine.get(task.id)).toMatchObject({ status: "paused" });
  await product.engine.resume(task.id);
  expect(await finished).toMatchObject({ status: "done" });
  expect(product.model.requests.filter(({ messages }) => messages.length <= 3)).toHaveLength(1); // the task text was sent once
});

test("stop while a shell command runs: nothing of it lives, the work is on the branch", async () => {
  await open({ script: sequence([write("part.txt", "half\n"), shell("sleep 600 & sleep 601; wait")]) });
  const { repo, home } = product;
  const task = await product.add("write part.txt");
  const { finished } = await product.engine.run(task.id);
  await waitFor(async () => (await processesWithMarker(home.dir)).some(({ args }) => args.includes("sleep 601")), { what: "the shell command" });
  await product.engine.stop(task.id);
  const stopped = await finished;
  expect(stopped.status).toBe("stopped");
  expect((await processesWithMarker(home.dir)).filter(({ args }) => /sleep 60[01]|goose acp/.test(args))).toEqual([]);
  expect(repo.git("show", `${stopped.branch}:part.txt`)).toBe("half");
  expect(product.worktrees).toEqual([]);
});

test("closing keeps the place; opened again, resume continues the session and redoes nothing", async () => {
  const forEver = new Promise<void>(() => undefined);
  const script = byPrompt([
    ["You were interrupted", [write("second.txt", "2\n"), say("Finished.")]],
    ["write two files", [write("first.txt", "1\n"), hold(forEver, say("never"))]],
  ]);
  await open({ script });
  const { repo } = product;
  const task = await product.add("write two files");
  const { finished } = await product.engine.run(task.id);
  await waitFor(() => product.model.requests.length > 1, { what: "the second turn" });
  await product.opened.dispose();
  expect(await finished).toMatchObject({ status: "paused" });

  const again = await product.reopen();
  await again.resume(task.id);
  await waitFor(async () => (await again.get(task.id)).status === "done", { what: "the end", timeoutMs: 20_000 });
  const done = await again.get(task.id);
  expect(repo.git("ls-tree", "--name-only", done.branch as string).split("\n")).toEqual(["README.md", "first.txt", "second.txt"]);
  expect(await again.attempts(task.id)).toHaveLength(1);
});

test("acceptance commands and what git has to say are in the journal", async () => {
  const clone = "git init -q clone && git -C clone remote add origin https://example.invalid/x && echo x > clone/x";
  await open({ script: sequence([shell(clone), write("a.txt", "a\n"), say("Done.")]) });
  const task = await product.add("write a", { acceptance: { commands: ["echo accepted; test -f a.txt"] } });
  const ended = product.run(task);
  // A remote is never changed without asking.
  const { question } = (await product.heard(({ event }) => event.type === "attention", "the question")).task.attention ?? {};
  await product.engine.answer(task.id, { questionId: question?.id ?? "", decision: "allow_once" });
  expect(await ended).toMatchObject({ status: "done" });
  const journal = await product.engine.events(task.id, { limit: 1_000 });
  const calls = journal.flatMap((event) => (event.type === "tool_call" ? [event.call] : []));
  const check = calls.find(({ toolName }) => toolName === "verify");
  expect(check).toMatchObject({ title: "echo accepted; test -f a.txt" });
  const ofCheck = calls.filter(({ toolCallId }) => toolCallId === check?.toolCallId);
  expect(ofCheck.map(({ outputDelta }) => outputDelta ?? "").join("")).toBe("accepted\n");
  expect(ofCheck.at(-1)).toMatchObject({ status: "completed", exitCode: 0 });
  expect(journal).toContainEqual(expect.objectContaining({ type: "log", level: "warn", message: expect.stringMatching(/Not committed.*clone/) }));
});

describe("never done", () => {
  const settings = { maxAttempts: 1 };
  const failures: readonly (readonly [what: string, code: string, replies: readonly ModelReply[], status: Task["status"]])[] = [
    ["401", "GOOSE_AUTHENTICATION", [{ kind: "status", status: 401 }], "failed"],
    ["429", "GOOSE_RATE_LIMIT", [{ kind: "status", status: 429 }], "todo"], // it waits, and that costs no try
    ["500", "GOOSE_PROVIDER", [{ kind: "status", status: 500 }], "failed"],
    ["a cut stream", "GOOSE_NETWORK", [{ kind: "cut", text: "I am nearly" }], "failed"],
    ["a dropped connection", "GOOSE_NETWORK", [{ kind: "drop" }], "failed"],
    ["an empty answer", "GOOSE_NO_ANSWER", [{ kind: "empty" }], "failed"],
  ];
  test.each(failures)("%s after a written file ends with %s and keeps the file under a ref", async (_what, code, replies, status) => {
    await open({ script: byPrompt([["write", [write("a.txt", "x\n"), ...replies]]]), settings });
    const task = await product.run(await product.add("write a"));
    expect(task).toMatchObject({ status, result: { error: { code } } });
    expect(product.repo.git("show", `refs/task-master/unfinished/${task.id}/1:a.txt`)).toBe("x");
    expect(product.repo.git("branch", "--list", "tm/*")).toBe("");
    expect(product.worktrees).toEqual([]);
  });

  test("a refused connection", async () => {
    await open({ env: { OPENAI_HOST: "http://127.0.0.1:9" }, settings });
    expect(await product.run(await product.add("write a"))).toMatchObject({ status: "failed", result: { error: { code: "GOOSE_NETWORK" } } });
  });

  test("a model that never ends its turns", async () => {
    await open({ script: forever({ name: "write", arguments: { path: "a.txt", content: "x" } }), settings: { maxTurns: 3 } });
    expect(await product.run(await product.add("write a"))).toMatchObject({ status: "failed", result: { error: { code: "GOOSE_MAX_TURNS" } } });
  });

  test("an agent that says it is done and has done nothing", async () => {
    await open({ script: sequence([say("I have done it all.")]), settings });
    expect(await product.run(await product.add("write a"))).toMatchObject({ status: "failed", result: { error: { code: "VERIFICATION_FAILED" } } });
  });

  test("a retry in which nothing is done, after an attempt that had committed by itself and failed", async () => {
    const script = byPrompt([
      ["No file has changed", [say("I looked at it and cannot do this, sorry.")]],
      ["write a", [shell("echo half > half.txt; git add -A; git -c user.name=G -c user.email=g@g commit -qm own"), { kind: "status", status: 500 }]],
    ]);
    await open({ script, settings });
    const task = await product.add("write a");
    expect(await product.run(task)).toMatchObject({ status: "failed", result: { error: { code: "GOOSE_PROVIDER" } } });
    expect(product.repo.git("show", `refs/task-master/unfinished/${task.id}/1:half.txt`)).toBe("half");
    expect(product.repo.git("branch", "--list", "tm/*")).toBe(""); // the retry starts clean
    product.model.setScript(sequence([say("I looked at it and cannot do this, sorry.")]));
    await product.engine.retry(task.id);
    expect(await product.run(task)).toMatchObject({ status: "failed", result: { error: { code: "VERIFICATION_FAILED" } } });
  });

  test("a new attempt in which nothing is done, after one that was stopped", async () => {
    await open({ script: sequence([write("half.txt", "half\n"), shell("sleep 600")]), settings });
    const task = await product.add("write a");
    const { finished } = await product.engine.run(task.id);
    await waitFor(async () => (await processesWithMarker(product.home.dir)).some(({ args }) => args.includes("sleep 600")), { what: "the shell command" });
    await product.engine.stop(task.id);
    await finished;
    product.model.setScript(sequence([say("I looked at it and cannot do this, sorry.")]));
    await product.engine.retry(task.id);
    const again = await product.run(task);
    expect(again).toMatchObject({ status: "failed", result: { error: { code: "VERIFICATION_FAILED" } } });
    expect(product.repo.git("show", `${again.branch}:half.txt`)).toBe("half"); // what the stop kept is still there
    const asked = product.model.requests
      .at(-1)
      ?.messages.map((message) => JSON.stringify(message.content))
      .join("");
    expect(asked).toContain("earlier attempt");
  });

  test("an acceptance command that fails; it passes after the feedback", async () => {
    const script = byPrompt([
      ["Mend the work", [write("a.txt", "right\n"), say("Mended.")]],
      ["write a", [write("a.txt", "wrong\n"), say("Done.")]],
    ]);
    await open({ script });
    const task = await product.run(await product.add("write a", { acceptance: { commands: ["grep right a.txt"] } }));
    expect(task.status).toBe("done");
    expect(product.repo.git("show", `${task.branch}:a.txt`)).toBe("right");
  });
});

describe("the place is not fit", () => {
  test.each([
    ["no commit yet", { commit: false }, "NO_COMMIT"],
    ["no identity", { identity: false }, "NO_IDENTITY"],
  ] as const)("%s: a clear error, no Goose started", async (_what, options, code) => {
    await open({ repo: createTempRepo(options) });
    const task = await product.run(await product.add("write a"));
    expect(task).toMatchObject({ status: "failed", result: { error: { code } } });
    expect(product.model.requests).toEqual([]);
  });

  test("a Goose that is not there", async () => {
    await open({ settings: { goosePath: "/no/such/goose" } });
    const task = await product.run(await product.add("write a"));
    expect(task).toMatchObject({ status: "failed", result: { error: { code: "GOOSE_NOT_FOUND" } } });
  });

  test("a detached HEAD works", async () => {
    await open({ script: sequence([write("a.txt", "x\n"), say("Done.")]) });
    product.repo.git("checkout", "--quiet", "--detach");
    expect(await product.run(await product.add("write a"))).toMatchObject({ status: "done" });
  });
});

test("eight tasks in four threads, each on its own branch", async () => {
  const titles = Array.from({ length: 8 }, (_, index) => `write file-${index}.txt`);
  await open({ script: byPrompt(titles.map((title) => [title, [write(title.slice(6), `${title}\n`), say("Done.")]])), settings: { poolSize: 4 } });
  for (const title of titles) await product.add(title);
  expect(await product.engine.runAll()).toHaveLength(8);
  const tasks = await product.engine.list();
  expect(tasks.map((task) => task.status)).toEqual(titles.map(() => "done"));
  for (const task of tasks) expect(product.repo.git("diff", "--name-only", "main", task.branch as string)).toBe(task.title.slice(6));
});

test("the same in inline mode", async () => {
  await open({ script: sequence([write("a.txt", "x\n"), say("Done.")]), settings: { poolMode: "inline" } });
  expect(await product.run(await product.add("write a"))).toMatchObject({ status: "done" });
});
