/** The user talks to the real Goose at work: words reach the model once, whenever they are said; one command is stopped, and the rest goes on. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { hold, messageText, sequence, type ModelReply, type ModelServer, type ScriptedCall } from "../helpers/modelServer.ts";
import { goosePlace, rejection, TestContext, type GoosePlace } from "../unit/worker/gooseFixture.ts";

const shell = (command: string): ScriptedCall => ({ name: "shell", arguments: { command } });
const calls = (...all: readonly ScriptedCall[]): ModelReply => ({ kind: "tools", calls: all });
const answer = (text: string): ModelReply => ({ kind: "text", text });
const said = (context: TestContext): string[] =>
  context.of("message").flatMap(({ role, messageId, text }) => (role === "user" ? [`${messageId}: ${text}`] : []));

const hasFile = ({ repo }: GoosePlace, name: string): boolean => existsSync(path.join(repo.dir, name));

/** How often the words are in the messages of a request. */
function heard(server: ModelServer, words: string): number[] {
  return server.requests.map(({ messages }) => messages.filter((message) => message.role === "user" && messageText(message).includes(words)).length);
}

/** The real Goose behind a pipe that knows no steering, as another version may not. */
function withoutSteering(place: GoosePlace): string {
  const script = place.home.write(
    "bin/pipe.mjs",
    `import { spawn } from "node:child_process"; import { createInterface } from "node:readline";
     const goose = spawn(${JSON.stringify(gooseBinary())}, ["acp"], { stdio: ["pipe", "pipe", "inherit"] });
     goose.stdout.pipe(process.stdout); goose.on("exit", (code) => process.exit(code ?? 1));
     const lines = createInterface({ input: process.stdin });
     lines.on("line", (line) => {
       const { id, method } = JSON.parse(line);
       if (method?.endsWith("/steer")) process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no such method" } }) + "\\n");
       else goose.stdin.write(line + "\\n");
     });
     lines.on("close", () => goose.stdin.end());`,
  );
  const file = place.home.write("bin/goose", `#!/bin/bash\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(script)}\n`);
  chmodSync(file, 0o755);
  return file;
}

test("words said while a command runs are heard behind it, those of the prompt when it begins, each once", async () => {
  const place = await goosePlace(sequence([calls(shell("touch begun; while [ ! -e go ]; do sleep 0.01; done")), answer("Done.")]));
  const context = new TestContext();
  const running = place.run(context, { prompt: "Do the task. Use tabs.", said: [{ id: "0", text: "Use tabs." }] });
  await waitFor(() => hasFile(place, "begun"), { what: "the command" });
  expect(said(context)).toEqual(["said-0: Use tabs."]);
  context.tell({ type: "say", id: "1", text: "Use blue." });
  context.tell({ type: "say", id: "1", text: "Use blue." });
  context.tell({ type: "say", id: "2", text: "And \ud800 green." });
  place.repo.write("go", "");
  expect(await running).toMatchObject({ finalMessage: "Done." });
  expect(said(context)).toEqual(["said-0: Use tabs.", "said-1: Use blue.", "said-2: And \ud800 green."]);
  expect(heard(place.server, "Use blue.")).toEqual([0, 1]);
  expect(heard(place.server, "green.")).toEqual([0, 1]);
});

test("words said while the answer streams, and before its first word, get an answer of their own", async () => {
  const first = Promise.withResolvers<void>();
  const place = await goosePlace(
    sequence([hold(first.promise, { kind: "text", text: "word ".repeat(100), chunkDelayMs: 5 }), answer("Second."), answer("Third.")]),
  );
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => place.server.requests.length === 1, { what: "the request" });
  context.tell({ type: "say", id: "1", text: "Before the first word." });
  first.resolve();
  await waitFor(() => context.text("agent").includes("word word"), { what: "some text" });
  context.tell({ type: "say", id: "2", text: "In the middle." });
  expect(await running).toMatchObject({ finalMessage: "Second." });
  expect(heard(place.server, "Before the first word.")).toEqual([0, 1]);
  expect(heard(place.server, "In the middle.")).toEqual([0, 1]);
  expect(said(context)).toEqual(["said-1: Before the first word.", "said-2: In the middle."]);
});

test("a Goose that knows no steering gets the words as a prompt of the same session, once, and not while the task is paused", async () => {
  const place = await goosePlace(sequence([calls(shell("touch begun; while [ ! -e go ]; do sleep 0.01; done")), answer("First."), answer("Second.")]));
  const context = new TestContext();
  const running = place.run(context, { goose: { path: withoutSteering(place) } });
  await waitFor(() => hasFile(place, "begun"), { what: "the command" });
  context.tell({ type: "say", id: "1", text: "Use blue." });
  context.tell({ type: "say", id: "2", text: "Use green." });
  context.pause();
  place.repo.write("go", "");
  await waitFor(() => context.text("agent").includes("First."), { what: "the end of the turn" });
  expect(said(context)).toEqual([]);
  context.resume();
  expect(await running).toMatchObject({ finalMessage: "Second." });
  expect(said(context)).toEqual(["said-1: Use blue.", "said-2: Use green."]);
  expect(heard(place.server, "Use blue.")).toEqual([0, 0, 1]);
  expect(heard(place.server, "Do the task.")).toEqual([1, 1, 1]);
});

test("words that Goose accepted and did not get to before the turn failed are not told as delivered", async () => {
  const place = await goosePlace(() => ({ kind: "hang" }));
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => place.server.requests.length === 1, { what: "the request" });
  context.tell({ type: "say", id: "1", text: "Use blue." });
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  expect(said(context)).toEqual([]);
});

test("one command of two is stopped: nothing of it is left, Goose hears that it was the user, and goes on", async () => {
  const place = await goosePlace(sequence([calls(shell("sleep 600 & echo ready; wait"), shell("echo other > other.txt")), answer("Went on.")]));
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => context.calls()[0]?.outputDelta?.includes("ready"), { what: "the command" });
  context.tell({ type: "stop_tool_call", toolCallId: context.calls()[0]?.toolCallId ?? "" });
  expect(await running).toMatchObject({ finalMessage: "Went on." });
  expect(readFileSync(path.join(place.repo.dir, "other.txt"), "utf8")).toBe("other\n");
  const [stopped, other] = context.calls();
  expect(stopped).toMatchObject({ status: "failed", exitCode: 137 });
  expect(stopped?.outputDelta).toContain("[The user stopped this command.]");
  expect(other).toMatchObject({ status: "completed", exitCode: 0 });
  const results = place.server.requests[1]?.messages.filter(({ role }) => role === "tool").map(messageText) ?? [];
  expect(results[0]).toContain("exit code: 137");
  expect(results[0]).toContain("[The user stopped this command.]");
  expect((await processesWithMarker(place.marker)).filter(({ args }) => args.includes("sleep 600"))).toEqual([]);
});

test("a call that waits for leave is declined, also while the task is paused", async () => {
  const place = await goosePlace(sequence([calls(shell("touch never")), answer("Went on.")]));
  const context = new TestContext();
  context.pause();
  const running = place.run(context);
  await waitFor(() => context.calls()[0]?.status === "pending", { what: "the tool call" });
  context.tell({ type: "stop_tool_call", toolCallId: context.calls()[0]?.toolCallId ?? "" });
  await waitFor(() => context.calls()[0]?.status === "rejected", { what: "its end" });
  context.resume();
  expect(await running).toMatchObject({ finalMessage: "Went on." });
  expect(hasFile(place, "never")).toBe(false);
});

test("a call that runs inside Goose cannot be stopped by itself, one that ended neither: both are told", async () => {
  const place = await goosePlace(sequence([calls({ name: "read_image", arguments: { path: "pipe.png", source: "pipe.png" } }), answer("Done.")]));
  // Goose waits in its own process for somebody who writes.
  const pipe = path.join(place.repo.dir, "pipe.png");
  execFileSync("bash", ["-c", `mkfifo "$1"`, "bash", pipe]);
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => context.calls()[0]?.status === "in_progress", { what: "the tool call" });
  context.tell({ type: "stop_tool_call", toolCallId: context.calls()[0]?.toolCallId ?? "" });
  context.tell({ type: "stop_tool_call", toolCallId: "nobody knows it" });
  execFileSync("bash", ["-c", 'echo no picture > "$1"', "bash", pipe]);
  await running;
  const logged = context.of("log").map(({ message }) => message);
  expect(logged).toEqual([
    expect.stringMatching(/^"read_image.*" cannot be stopped by itself, because it runs inside Goose\. Stop the task instead\.$/),
    "The tool call that was to be stopped had already ended.",
  ]);
});
