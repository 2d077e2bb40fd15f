/** The real Goose does a task: its work, what is told while it works, pause, and going on in a stored session. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../helpers/leakCheck.ts";
import { byPrompt, messageText, type ScriptedCall } from "../helpers/modelServer.ts";
import { goosePlace, TestContext } from "../unit/worker/gooseFixture.ts";

const shell = (command: string): ScriptedCall => ({ name: "shell", arguments: { command } });
const write = (file: string, content: string): ScriptedCall => ({ name: "write", arguments: { path: file, content } });

test("edits, writes and runs commands; every step is told", async () => {
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", text: "I work.", calls: [{ name: "edit", arguments: { path: "a.txt", before: "one", after: "two" } }, write("sub/b.txt", "new\n")] },
          { kind: "tools", calls: [shell("echo out; echo err >&2; pwd; exit 3")] },
          { kind: "text", thinking: "Hmm.", text: "All done.", usage: { promptTokens: 1_000, completionTokens: 20 } },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  const output = await place.run(context);
  expect(output).toMatchObject({ finalMessage: "All done.", sessionId: expect.stringMatching(/^\d{8}_\d+$/) });
  expect(readFileSync(path.join(place.repo.dir, "a.txt"), "utf8")).toBe("two\n");
  expect(readFileSync(path.join(place.repo.dir, "sub/b.txt"), "utf8")).toBe("new\n");
  const [edit, written, command] = context.calls();
  expect(edit).toMatchObject({
    toolName: "edit",
    status: "completed",
    input: { path: "a.txt", before: "one", after: "two" },
    diffs: [{ path: "a.txt", oldText: "one\n", newText: "two\n" }],
    statuses: ["pending", "in_progress", "completed"],
  });
  expect(written).toMatchObject({ toolName: "write", diffs: [{ path: "sub/b.txt", newText: "new\n" }] });
  expect(command).toMatchObject({ toolName: "shell", status: "failed", exitCode: 3, title: expect.stringContaining("shell · echo out") });
  expect(command?.outputDelta).toBe(`out\nerr\n${place.repo.dir}\n`);
  expect(context.text("agent")).toBe("I work.All done.");
  expect(context.text("thought")).toBe("Hmm.");
  expect(context.of("checkpoint")).toEqual([
    { type: "checkpoint", step: "session", data: { sessionId: output.sessionId, usageOffset: { inputTokens: 0, outputTokens: 0, costUsd: 0 } } },
  ]);
  expect(context.of("usage").at(-1)?.usage).toMatchObject({ inputTokens: expect.any(Number), outputTokens: expect.any(Number), contextSize: 128_000 });
  expect(context.of("usage").at(-1)?.usage.inputTokens).toBeGreaterThan(1_000);
  const progress = context.of("progress_update").map((event) => event.progress);
  expect(progress[0]?.percent).toBe(5);
  expect(progress.map(({ percent }) => percent)).toEqual(progress.map(({ percent }) => percent).toSorted((a, b) => a - b));
  expect(progress.map(({ message }) => message)).toContain("shell: echo out; echo err >&2; pwd; exit 3");
  expect(existsSync(path.join(place.home.dir, "tmp"))).toBe(false);
});

test("output of a command arrives while it runs", async () => {
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", calls: [shell("echo first; until [ -e go ]; do sleep 0.02; done; echo second")] },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => context.calls()[0]?.outputDelta === "first\n", { what: "the first line" });
  expect(context.calls()[0]?.status).toBe("in_progress");
  place.repo.write("go", "");
  await running;
  expect(context.calls()[0]).toMatchObject({ outputDelta: "first\nsecond\n", exitCode: 0, status: "completed" });
});

test("several tool calls of one turn run at the same time", async () => {
  const meet = (me: string, other: string): ScriptedCall => shell(`touch ${me}; until [ -e ${other} ]; do sleep 0.02; done; echo met`);
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", calls: [meet("x", "y"), meet("y", "x")] },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  await place.run(context);
  expect(context.calls().map(({ outputDelta }) => outputDelta)).toEqual(["met\n", "met\n"]);
});

test("a pause holds at the next tool call, also a finish; resume goes on", async () => {
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", calls: [write("b.txt", "x")] },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  context.pause();
  let isSettled = false;
  // The limit is far shorter than the pause: time in pause does not count.
  const running = place.run(context, { limits: { maxTurns: 5, wallClockMs: 2_000, startupMs: 20_000, idleMs: 300 } }).finally(() => (isSettled = true));
  await waitFor(() => context.calls()[0]?.status === "pending", { what: "the tool call" });
  const paused = performance.now();
  await waitFor(() => performance.now() - paused > 2_500, { what: "a long pause" });
  expect(existsSync(path.join(place.repo.dir, "b.txt"))).toBe(false);
  expect(isSettled).toBe(false);
  context.resume();
  await waitFor(() => existsSync(path.join(place.repo.dir, "b.txt")), { what: "the file" });
  context.pause();
  await waitFor(() => context.text("agent") === "Done.", { what: "the answer" });
  await waitFor(() => !existsSync(path.join(place.home.dir, "tmp")), { what: "the end of Goose" });
  expect(isSettled).toBe(false);
  context.resume();
  expect(await running).toMatchObject({ finalMessage: "Done." });
});

test("a stored session goes on with its history, which is not told again", async () => {
  const place = await goosePlace(
    byPrompt([
      ["And now", [{ kind: "text", text: "Went on." }]],
      [
        "Do the task",
        [
          { kind: "tools", text: "First.", calls: [write("b.txt", "x")] },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const { sessionId } = await place.run(new TestContext());
  const context = new TestContext();
  expect(await place.run(context, { sessionId, prompt: "And now?" })).toEqual({ sessionId, finalMessage: "Went on." });
  expect(context.text("agent")).toBe("Went on.");
  expect(context.text("user")).toBe("");
  expect(context.calls()).toEqual([]);
  expect(context.of("checkpoint")).toEqual([{ type: "checkpoint", step: "session", data: { sessionId, usageOffset: expect.anything() } }]);
  expect(context.of("progress_update")[0]?.progress.percent).toBeGreaterThan(5);
  expect(place.server.requests.at(-1)?.messages.map(messageText).join("\n")).toContain("Done.");
});

test("a large output is told up to a limit, then its end", async () => {
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", calls: [shell("seq 1 400000; echo the end")] },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  await place.run(context);
  const told = context.calls()[0]?.outputDelta ?? "";
  expect(told.startsWith("1\n2\n3\n")).toBe(true);
  expect(told.endsWith("the end\n")).toBe(true);
  expect(told.length).toBeLessThan(700_000);
  expect(context.of("tool_call").length).toBeLessThan(80);
  expect(place.server.requests.at(-1)?.messages.map(messageText).join("\n")).toContain("the end");
});

test("text beyond ASCII survives the pipes", async () => {
  const text = "Grüße, 世界 👋🏽";
  const place = await goosePlace(
    byPrompt([
      [
        "Tu es",
        [
          { kind: "tools", calls: [shell(`for i in $(seq 3000); do echo '${text}'; done`), write("ü.txt", text)] },
          { kind: "text", text },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  expect(await place.run(context, { prompt: "Tu es \ud800 bitte, 👋" })).toMatchObject({ finalMessage: text });
  expect(context.calls()[0]?.outputDelta).toBe(`${text}\n`.repeat(3_000));
  expect(readFileSync(path.join(place.repo.dir, "ü.txt"), "utf8")).toBe(text);
});
