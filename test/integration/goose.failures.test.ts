/** Whatever goes wrong with the provider, a run never resolves, and its error says what it was. */
import { describe, expect, test } from "vitest";
import { forever, type ModelReply } from "../helpers/modelServer.ts";
import { goosePlace, rejection, stubEnvironment, TestContext } from "../unit/worker/gooseFixture.ts";

const failing = [
  ["401", { kind: "status", status: 401 }, "GOOSE_AUTHENTICATION", false],
  ["403", { kind: "status", status: 403 }, "GOOSE_AUTHENTICATION", false],
  ["402", { kind: "status", status: 402 }, "GOOSE_CREDITS", false],
  ["400", { kind: "status", status: 400 }, "GOOSE_PROVIDER", false],
  ["404", { kind: "status", status: 404 }, "GOOSE_PROVIDER", false],
  ["429", { kind: "status", status: 429, headers: { "retry-after": "0" } }, "GOOSE_RATE_LIMIT", true],
  ["500", { kind: "status", status: 500 }, "GOOSE_PROVIDER", true],
  ["a dropped connection", { kind: "drop" }, "GOOSE_NETWORK", true],
  ["a cut stream", { kind: "cut", text: "Half an answer" }, "GOOSE_NETWORK", true],
  ["garbage", { kind: "garbage" }, "GOOSE_NETWORK", true],
  ["a page of HTML", { kind: "html" }, "GOOSE_NO_ANSWER", true],
  ["an empty answer", { kind: "empty" }, "GOOSE_NO_ANSWER", true],
  ["an answer cut at its limit", { kind: "length", text: "This never" }, "GOOSE_MAX_TOKENS", false],
  [
    "a full context",
    {
      kind: "status",
      status: 400,
      body: { error: { message: "This model's maximum context length is 4096 tokens.", type: "invalid_request_error", code: "context_length_exceeded" } },
    },
    "GOOSE_CONTEXT_FULL",
    false,
  ],
] as const satisfies readonly (readonly [string, ModelReply, string, boolean])[];

test.each(failing)("%s", async (_name, reply, code, retryable) => {
  const place = await goosePlace(() => reply);
  expect(await rejection(place.run(new TestContext()))).toMatchObject({ code, retryable });
});

test("a failure in the middle of the work ends open calls and keeps what was told", async () => {
  const place = await goosePlace(({ index }) =>
    index === 0 ? { kind: "tools", text: "I begin.", calls: [{ name: "write", arguments: { path: "b.txt", content: "x" } }] } : { kind: "status", status: 500 },
  );
  const context = new TestContext();
  expect(await rejection(place.run(context))).toMatchObject({ code: "GOOSE_PROVIDER", retryable: true });
  expect(context.text("agent")).toContain("I begin.");
  expect(context.calls()).toMatchObject([{ toolName: "write", status: "completed" }]);
});

test("a refused connection", async () => {
  const place = await goosePlace();
  stubEnvironment({ OPENAI_HOST: "http://127.0.0.1:9" });
  expect(await rejection(place.run(new TestContext()))).toMatchObject({
    code: "GOOSE_NETWORK",
    retryable: true,
    message: expect.stringContaining("127.0.0.1:9"),
  });
});

test("a provider that does not answer, by its own limit", async () => {
  const place = await goosePlace(() => ({ kind: "hang" }));
  stubEnvironment({ OPENAI_TIMEOUT: "1" });
  expect(await rejection(place.run(new TestContext()))).toMatchObject({ code: "GOOSE_NETWORK", retryable: true });
});

test("the limit on turns", async () => {
  const place = await goosePlace(forever({ name: "shell", arguments: { command: "echo again" } }));
  const context = new TestContext();
  const limits = { maxTurns: 2, wallClockMs: 60_000, startupMs: 20_000, idleMs: 30_000 };
  expect(await rejection(place.run(context, { limits }))).toMatchObject({ code: "GOOSE_MAX_TURNS", retryable: false });
  expect(context.calls()).toHaveLength(2);
});

describe("not configured", () => {
  test.each([
    ["no provider", { GOOSE_PROVIDER: undefined }, "GOOSE_PROVIDER"],
    ["no model", { GOOSE_MODEL: undefined }, "GOOSE_MODEL"],
    ["an unknown provider", { GOOSE_PROVIDER: "nonsense" }, "goose configure"],
    ["a missing key", { GOOSE_PROVIDER: "anthropic", GOOSE_MODEL: "some-model", ANTHROPIC_API_KEY: undefined }, "goose configure"],
  ])("%s", async (_name, variables, says) => {
    const place = await goosePlace();
    stubEnvironment(variables);
    expect(await rejection(place.run(new TestContext()))).toMatchObject({
      code: "GOOSE_NOT_CONFIGURED",
      retryable: false,
      message: expect.stringContaining(says),
    });
  });
});

test("a session that Goose does not know", async () => {
  const place = await goosePlace();
  expect(await rejection(place.run(new TestContext(), { sessionId: "20200101_1" }))).toMatchObject({ code: "GOOSE_SESSION_LOST" });
  expect(place.server.requests).toHaveLength(0);
});

test("input that does not fit", async () => {
  const place = await goosePlace();
  expect(await rejection(place.run(new TestContext(), { prompt: "" }))).toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining("prompt") });
  expect(await rejection(place.run(new TestContext(), { tmpDir: place.repo.dir }))).toMatchObject({ code: "INVALID_INPUT" });
  expect(await rejection(place.run(new TestContext(), { worktree: `${place.repo.dir}/none` }))).toMatchObject({ code: "NO_FOLDER" });
});
