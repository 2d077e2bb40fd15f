/** The scripted model server against the real Goose: each kind of reply has the effect that Goose is known to show. */
import { execFile, type ExecFileException } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { waitFor, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { byPrompt, forever, hold, messageText, type ModelReply, type ModelServer, sequence, startModelServer } from "../helpers/modelServer.ts";
import { createTempDir, createTempRepo, type TempDir } from "../helpers/tempRepo.ts";

interface GooseRun {
  readonly code: number;
  readonly stdout: string;
  /** All visible text of the assistant. */
  readonly text: string;
}

interface GooseEvent {
  readonly type: string;
  readonly message?: {
    readonly role: string;
    readonly content: readonly { readonly type: string; readonly text?: string; readonly thinking?: string }[];
  };
}

let server: ModelServer;
let home: TempDir;
let work: TempDir;

beforeAll(async () => {
  server = await startModelServer();
  home = createTempDir("model-server-home-");
});

beforeEach(() => {
  work = createTempDir("model-server-work-");
  return () => work.dispose();
});

afterAll(async () => {
  await server.close();
  home.dispose();
});

function runGoose(prompt: string, { args = [], signal }: { args?: readonly string[]; signal?: AbortSignal } = {}): Promise<GooseRun> {
  const env = {
    PATH: process.env["PATH"],
    HOME: home.dir,
    XDG_CONFIG_HOME: path.join(home.dir, "config"),
    XDG_DATA_HOME: path.join(home.dir, "data"),
    XDG_STATE_HOME: path.join(home.dir, "state"),
    OPENAI_TIMEOUT: "30",
    ...server.env,
  };
  const all = ["run", "-q", "--no-session", "--output-format", "stream-json", "--no-profile", "--with-builtin", "developer", ...args, "-t", prompt];
  return new Promise((resolve) => {
    execFile(gooseBinary(), all, { cwd: work.dir, env, ...(signal ? { signal } : {}) }, (error: ExecFileException | null, stdout: string) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, text: assistantText(stdout) });
    });
  });
}

function assistantText(stdout: string): string {
  const events = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as GooseEvent);
  const parts = events.filter(({ message }) => message?.role === "assistant").flatMap(({ message }) => message?.content ?? []);
  return parts.map((part) => part.text ?? "").join("");
}

async function runWith(reply: ModelReply): Promise<GooseRun & { readonly requestCount: number }> {
  server.setScript(() => reply);
  const before = server.requests.length;
  const run = await runGoose("Do the task.");
  return { ...run, requestCount: server.requests.length - before };
}

test("text, thinking and usage arrive", async () => {
  const run = await runWith({
    kind: "text",
    text: "All is done.",
    thinking: "Let me think.",
    usage: { promptTokens: 1000, completionTokens: 20 },
  });
  expect(run).toMatchObject({ code: 0, text: "All is done.", requestCount: 1 });
  expect(run.stdout).toContain('"type":"thinking"');
  expect(run.stdout).toContain('"total_tokens":1020');
  expect(server.requests.at(-1)).toMatchObject({
    attempt: 1,
    stream: true,
    model: "scripted-model",
    headers: { authorization: "Bearer test-key" },
  });
  expect(server.requests.at(-1)?.tools).toEqual(expect.arrayContaining(["shell", "write", "edit", "tree"]));
});

test("tool calls are executed, several in one turn, and their results come back", async () => {
  server.setScript(
    byPrompt([
      [
        /Do the task/g,
        [
          {
            kind: "tools",
            text: "I write.",
            calls: [
              { name: "write", arguments: { path: "a.txt", content: "one\n" } },
              { name: "shell", arguments: { command: "echo shell-$((1 + 1))" } },
            ],
          },
          { kind: "tools", calls: [{ name: "edit", arguments: { path: "a.txt", before: "one", after: "two" } }] },
          { kind: "text", text: "Written." },
        ],
      ],
    ]),
  );
  const run = await runGoose("Do the task.");
  expect(run.code).toBe(0);
  expect(run.text).toContain("Written.");
  expect(readFileSync(path.join(work.dir, "a.txt"), "utf8")).toBe("two\n");
  expect(
    server.requests
      .at(-1)
      ?.messages.filter(({ role }) => role === "tool")
      .map(messageText)
      .join("\n"),
  ).toContain("shell-2");
});

test("conversations at the same time each follow their own rule", async () => {
  const write = (file: string): ModelReply[] => [
    { kind: "tools", calls: [{ name: "write", arguments: { path: file, content: file } }] },
    { kind: "text", text: `Wrote ${file}.` },
  ];
  server.setScript(
    byPrompt([
      ["task alpha", write("alpha")],
      ["task beta", write("beta")],
    ]),
  );
  const [alpha, beta] = await Promise.all([runGoose("This is task alpha."), runGoose("This is task beta.")]);
  expect([alpha.text, beta.text]).toEqual(["Wrote alpha.", "Wrote beta."]);
  expect([existsSync(path.join(work.dir, "alpha")), existsSync(path.join(work.dir, "beta"))]).toEqual([true, true]);
});

test.each([401, 403] as const)("status %i ends Goose with exit code 1", async (status) => {
  expect(await runWith({ kind: "status", status })).toMatchObject({ code: 1, requestCount: 1 });
});

test("status 402 is reported as exhausted credits", async () => {
  const run = await runWith({ kind: "status", status: 402 });
  expect(run.stdout).toContain("creditsExhausted");
});

test.each([
  ["400", { kind: "status", status: 400 }, 1, /Ran into this error/],
  ["404", { kind: "status", status: 404 }, 1, /Ran into this error/],
  ["429", { kind: "status", status: 429, headers: { "retry-after": "0" } }, 4, /Ran into this error/],
  ["500", { kind: "status", status: 500 }, 4, /Ran into this error/],
  ["a dropped connection", { kind: "drop" }, 4, /Network error/],
  ["a reset connection", { kind: "reset" }, 4, /Network error/],
  ["a cut stream", { kind: "cut", text: "Half an answer" }, 1, /Half an answer.*Network error/s],
  ["garbage", { kind: "garbage" }, 1, /Network error: Stream decode error/],
  ["a page of HTML", { kind: "html" }, 1, /empty response/],
  ["an empty answer", { kind: "empty" }, 1, /empty response/],
  ["a filter in the middle", { kind: "filter", text: "I will now" }, 1, /^I will now\s*$/],
] as const satisfies readonly (readonly [string, ModelReply, number, RegExp])[])(
  "%s looks like a normal end, with an error as text",
  async (_name, reply, minRequests, text) => {
    const run = await runWith(reply);
    expect(run.code).toBe(0);
    expect(run.text).toMatch(text);
    expect(run.requestCount).toBeGreaterThanOrEqual(minRequests);
  },
);

test("an answer that is too long is marked", async () => {
  const run = await runWith({ kind: "length", text: "This never" });
  expect(run.stdout).toContain("outputTokenLimitReached");
});

test("a client that does not stream gets one document", async () => {
  server.setScript(sequence([{ kind: "tools", text: "I look around.", calls: [{ name: "tree", arguments: { path: "." } }] }]));
  const body = JSON.stringify({ model: "scripted-model", messages: [{ role: "user", content: "Hello" }] });
  const answer: unknown = await (await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body })).json();
  const message = { content: "I look around.", tool_calls: [{ function: { name: "tree", arguments: '{"path":"."}' } }] };
  expect(answer).toMatchObject({ choices: [{ message, finish_reason: "tool_calls" }] });
});

test("a provider error can be followed by success", async () => {
  server.setScript(
    sequence([
      { kind: "status", status: 500 },
      { kind: "text", text: "Second try." },
    ]),
  );
  expect(await runGoose("Do the task.")).toMatchObject({ code: 0, text: "Second try." });
  expect(server.requests.at(-1)?.attempt).toBe(2);
});

test("a script without a rule for the conversation is told to the model client", async () => {
  server.setScript(byPrompt([["something else", [{ kind: "empty" }]]]));
  expect((await runGoose("Do the task.")).text).toContain("no rule of the model script matches");
});

test("forever calls tools until the limit on turns", async () => {
  server.setScript(forever({ name: "shell", arguments: { command: "echo again >> count.txt" } }));
  const run = await runGoose("Do the task.", { args: ["--max-turns", "3"] });
  expect(run.text).toContain("maximum number of actions");
  expect(readFileSync(path.join(work.dir, "count.txt"), "utf8").trim().split("\n").length).toBeGreaterThanOrEqual(2);
});

test("a held turn is answered when the test says so", async () => {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => void (release = resolve));
  server.setScript(() => hold(until, { kind: "text", text: "Released." }));
  const before = server.requests.length;
  const running = runGoose("Do the task.");
  await waitFor(() => server.requests.length > before, { what: "the request" });
  release();
  expect(await running).toMatchObject({ code: 0, text: "Released." });
});

test("a hanging request leaves neither Goose nor the server behind", async () => {
  const other = await startModelServer(() => ({ kind: "hang" }));
  const abort = new AbortController();
  const usual = server;
  server = other;
  const running = runGoose("Do the task.", { signal: abort.signal });
  await waitFor(() => other.requests.length === 1, { what: "the request" });
  abort.abort();
  expect((await running).code).toBe(-1);
  server = usual;
  await other.close();
  await waitForNoProcesses(other.url);
});

test("a temporary repository is independent of the machine", () => {
  using repo = createTempRepo({ branch: "trunk", files: { "src/a.txt": "a" } });
  expect(repo.git("status", "--porcelain", "--branch")).toBe("## trunk");
  expect(repo.git("config", "user.name")).toBe("Test");
  using bare = createTempRepo({ identity: false, commit: false });
  expect(() => bare.git("commit", "--allow-empty", "-m", "x")).toThrow(/Author identity unknown|user.useConfigOnly|auto-detection is disabled/);
});
