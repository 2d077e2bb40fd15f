import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { RequestError } from "@agentclientprotocol/sdk";
import { describe, expect, test, vi } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import type { ToolCallUpdate } from "../../../src/model/toolCall.ts";
import { ActiveTime } from "../../../src/worker/goose/activeTime.ts";
import { capInput } from "../../../src/worker/goose/capInput.ts";
import { classifyRequestError, classifyTurn } from "../../../src/worker/goose/classify.ts";
import { EventBuffer } from "../../../src/worker/goose/eventBuffer.ts";
import { JsonLineFramer } from "../../../src/worker/goose/jsonLines.ts";
import { disabledProjectPlugins } from "../../../src/worker/goose/plugins.ts";
import { ProgressEstimate } from "../../../src/worker/goose/progress.ts";
import { ToolCallMapper } from "../../../src/worker/goose/toolCallMapper.ts";
import { isOlder } from "../../../src/worker/goose/version.ts";
import { resolveInWorktree } from "../../../src/worker/goose/worktreePath.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

describe("framer", () => {
  function frame(chunks: readonly (string | Buffer)[], cap?: number): { messages: unknown[]; garbage: number; overflow: string[] } {
    const seen = { messages: [] as unknown[], garbage: 0, overflow: [] as string[] };
    const framer = new JsonLineFramer(
      { onMessage: (m) => seen.messages.push(m["id"]), onGarbage: () => seen.garbage++, onOverflow: (why) => seen.overflow.push(why) },
      cap,
    );
    for (const chunk of chunks) framer.push(Buffer.from(chunk));
    return seen;
  }
  const message = (id: number, more = ""): string => `{"jsonrpc":"2.0","id":${id},"x":"${more}"}\n`;

  test("any cut of the bytes gives the same messages", () => {
    const bytes = Buffer.from(message(1, "é👋") + message(2) + "\n" + message(3));
    for (let cut = 0; cut <= bytes.length; cut++) expect(frame([bytes.subarray(0, cut), bytes.subarray(cut)]).messages).toEqual([1, 2, 3]);
    expect(frame([...bytes].map((byte) => Buffer.from([byte]))).messages).toEqual([1, 2, 3]);
  });

  test("what is not the protocol is dropped and counted", () => {
    const bad = ["garbage\n", "[]\n", '{"jsonrpc":"1.0"}\n', '{"a":\n', "null\n", Buffer.from([0x7b, 0xff, 0xfe, 0x0a])];
    expect(frame([message(1), ...bad, message(2), '{"half":'])).toEqual({ messages: [1, 2], garbage: bad.length, overflow: [] });
  });

  test("a line beyond the cap ends it, whether or not it is complete", () => {
    expect(frame([message(1), "x".repeat(60), "x".repeat(60), `\n${message(2)}`], 100)).toMatchObject({
      messages: [1],
      overflow: [expect.stringContaining("100 bytes")],
    });
    expect(frame([`${message(1)}${"x".repeat(101)}\n${message(2)}`], 100)).toMatchObject({ messages: [1], overflow: [expect.any(String)] });
  });
});

test("paths: inside is inside, and nothing else", async () => {
  using folder = createTempDir();
  const worktree = path.join(folder.dir, "worktree");
  mkdirSync(path.join(worktree, "sub"), { recursive: true });
  for (const [name, target] of [
    ["out", folder.dir],
    ["dangling", path.join(folder.dir, "nothing")],
    ["loop", "loop"],
    ["in", "sub"],
  ] as const)
    symlinkSync(target, path.join(worktree, name));
  const parts = async (file: string): Promise<readonly string[]> => (await resolveInWorktree(worktree, file)).parts;
  expect(await parts("a/b/c")).toEqual(["a", "b", "c"]);
  expect(await parts(worktree)).toEqual([]);
  expect(await parts("in/x")).toEqual(["sub", "x"]);
  expect(await parts("..x/y")).toEqual(["..x", "y"]);
  expect(await parts("sub/../a")).toEqual(["a"]);
  for (const file of ["..", "../x", "../worktree2/x", "/etc/passwd", "out/x", "dangling", "dangling/x", "loop", "a/../../x", "a\0b"]) {
    await expect(resolveInWorktree(worktree, file)).rejects.toThrow(RequestError);
  }
});

describe("classification", () => {
  const turn = { stopReason: "end_turn", lastMessage: { id: "a", text: "Done." }, usageMessageId: "a", notices: [] };
  const said = (text: string): unknown => classifyTurn({ ...turn, lastMessage: { id: "msg_1", text } })?.code;

  test("an answer of the model is a success, whatever it says", () => {
    expect(classifyTurn(turn)).toBeUndefined();
    expect(classifyTurn({ ...turn, lastMessage: { id: "a", text: "Ran into this error: Rate limit exceeded" } })).toBeUndefined();
    expect(classifyTurn({ ...turn, lastMessage: { id: "a", text: "The model returned an empty response. " } })).toBeUndefined();
  });

  test("stop reasons", () => {
    const code = (stopReason: string): unknown => classifyTurn({ ...turn, stopReason })?.code;
    expect(["max_tokens", "max_turn_requests", "refusal", "cancelled", "new"].map(code)).toEqual([
      "GOOSE_MAX_TOKENS",
      "GOOSE_MAX_TURNS",
      "GOOSE_REFUSED",
      "GOOSE_PROTOCOL",
      "GOOSE_PROTOCOL",
    ]);
    expect(classifyTurn({ ...turn, lastMessage: undefined })).toMatchObject({ code: "GOOSE_NO_ANSWER", retryable: true });
    expect(classifyTurn({ ...turn, lastMessage: undefined, notices: ["goose is compacting the conversation..."] })).toMatchObject({
      code: "GOOSE_CONTEXT_FULL",
      retryable: false,
    });
    const compacted = ["goose is compacting the conversation...", "Compaction complete"];
    expect(classifyTurn({ ...turn, lastMessage: undefined, notices: compacted })?.code).toBe("GOOSE_NO_ANSWER");
  });

  test("texts of Goose", () => {
    expect(said("Ran into this error: Request failed: Bad request (400): API key not valid.")).toBe("GOOSE_AUTHENTICATION");
    expect(said("Ran into this error: Request failed: Bad request (400): max_tokens is 512, server error")).toBe("GOOSE_PROVIDER");
    expect(classifyTurn({ ...turn, lastMessage: { id: "x", text: "Ran into this error: Bad request (400): limit is 512" } })?.retryable).toBe(false);
    expect(said("Ran into this error: Insufficient_quota")).toBe("GOOSE_CREDITS");
    expect(said("Something new")).toBe("GOOSE_PROVIDER");
    expect(said("Ran into this error trying to compact: Failed to compact")).toBe("GOOSE_CONTEXT_FULL");
  });

  test("a limit has the time of its reset, where it is told; a quota that never comes back is no limit", () => {
    const error = (text: string): unknown => classifyTurn({ ...turn, lastMessage: { id: "msg_1", text: `Ran into this error: ${text}` } });
    const soon = expect.closeTo(Date.now() + 35_200, -4) as number;
    expect(error("Rate limit exceeded: Please retry in 35.2s..")).toMatchObject({ code: "GOOSE_RATE_LIMIT", retryable: true, retryAt: soon });
    expect(error("Rate limit exceeded: .")).toMatchObject({ code: "GOOSE_RATE_LIMIT", retryable: true, retryAt: undefined });
    const quota = "Rate limit exceeded: You exceeded your current quota, please check your plan and billing details.";
    expect(error(quota)).toMatchObject({ code: "GOOSE_CREDITS", retryable: false, retryAt: undefined });
    expect(error(`${quota} Please retry in 35.2s.`)).toMatchObject({ code: "GOOSE_RATE_LIMIT", retryAt: soon });
    expect(error("Server error (500): try again in 35.2s")).toMatchObject({ code: "GOOSE_PROVIDER", retryAt: undefined });
  });

  test("no message shows the form of the protocol", () => {
    const message = (error: unknown): string => classifyRequestError(error, "prompt").message;
    expect(message(new RequestError(-32000, "Authentication required"))).toMatch(/then Retry the task\. \(Authentication required\)$/);
    expect(message(new RequestError(-32603, "Add more credits.", { reason: "credits_exhausted" }))).toMatch(/no credit left\..* \(Add more credits\.\)$/);
  });

  test("failed requests", () => {
    const code = (error: unknown, phase: "new" | "load" | "prompt"): string => classifyRequestError(error, phase).code;
    expect(code(new RequestError(-32000, "Authentication required"), "prompt")).toBe("GOOSE_AUTHENTICATION");
    expect(code(new RequestError(-32603, "Internal error", "Failed to resolve model: Configuration value not found: GOOSE_MODEL"), "load")).toBe(
      "GOOSE_NOT_CONFIGURED",
    );
    expect(code(new RequestError(-32603, "Internal error", "Error getting agent reply: Provider not set"), "prompt")).toBe("GOOSE_NOT_CONFIGURED");
    expect(code(new RequestError(-32002, "Resource not found"), "load")).toBe("GOOSE_SESSION_LOST");
    expect(code(new RequestError(-32602, "session already has active run"), "prompt")).toBe("GOOSE_PROVIDER");
    expect(code(new Error("strange"), "prompt")).toBe("GOOSE_PROTOCOL");
    expect(code("not even an error", "prompt")).toBe("GOOSE_PROTOCOL");
    const credits = new RequestError(-32603, "Internal error", { reason: "credits_exhausted" });
    expect(code(credits, "prompt")).toBe("GOOSE_CREDITS");
    expect(classifyRequestError(new RequestError(-32603, "Internal error"), "new")).toMatchObject({
      code: "GOOSE_PROTOCOL",
      message: expect.stringContaining("refused to start a session: Internal error") as string,
    });
  });
});

test("pieces of text are joined, in order with everything else", () => {
  vi.useFakeTimers();
  const out: WorkerEventBody[] = [];
  const buffer = new EventBuffer((event) => out.push(event));
  const say = (text: string, messageId = "m"): void => buffer.add({ type: "message", role: "agent", messageId, text });
  const output = (toolCallId: string, outputDelta: string): void => buffer.add({ type: "tool_call", call: { toolCallId, outputDelta } });
  say("a");
  say("b");
  say("c", "n");
  output("1", "x");
  output("1", "y");
  output("2", "z");
  buffer.add({ type: "tool_call", call: { toolCallId: "2", status: "completed" } });
  say("late");
  expect(out).toHaveLength(5);
  vi.advanceTimersByTime(60);
  expect(out.map((event) => (event.type === "message" ? event.text : event.type === "tool_call" ? (event.call.outputDelta ?? event.call.status) : ""))).toEqual(
    ["ab", "c", "xy", "z", "completed", "late"],
  );
  vi.useRealTimers();
});

test("the estimate grows by ever smaller steps and never reaches the end", () => {
  const told: number[] = [];
  const estimate = new ProgressEstimate(({ percent }) => told.push(percent));
  for (let count = 0; count < 500; count++) estimate.tell("x", count);
  expect([told[0], told.at(-1)]).toEqual([5, 90]);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(new Set(told).size).toBe(told.length);
});

test("time in pause, time asleep and silence of a working tool do not count", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const state = { paused: false, busy: false };
  const ends: string[] = [];
  const time = new ActiveTime({
    wallClockMs: 10_000,
    idleMs: 2_000,
    isPaused: () => state.paused,
    isBusy: () => state.busy,
    onTimeout: (error) => ends.push(error.message),
  });
  state.paused = true;
  vi.advanceTimersByTime(60_000);
  state.paused = false;
  state.busy = true;
  vi.advanceTimersByTime(5_000);
  state.busy = false;
  vi.advanceTimersByTime(1_500);
  time.touch();
  vi.advanceTimersByTime(1_500);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(700);
  expect(ends).toEqual([expect.stringContaining("no sign of life for 2 seconds")]);
  vi.advanceTimersByTime(60_000);
  expect(ends).toHaveLength(1);
  vi.useRealTimers();
});

test("inputs are cut, and what is open is closed", () => {
  expect(capInput({ content: "x".repeat(900_000) })).toEqual({ content: expect.stringMatching(/^x{65536}… \(900000 characters\)$/) });
  expect(capInput(Array.from({ length: 10 }, () => "x".repeat(60_000)))).toEqual({ omitted: expect.stringContaining("input of") });
  const calls: unknown[] = [];
  const mapper = new ToolCallMapper("/w", (call) => calls.push(call));
  mapper.take({ sessionUpdate: "tool_call", toolCallId: "x".repeat(300), title: "shell · a\n  b", rawInput: undefined });
  expect(mapper.describe("x".repeat(300))).toBe("shell: a b");
  expect(mapper.hasOpen).toBe(true);
  mapper.closeOpen("cancelled");
  expect(mapper.hasOpen).toBe(false);
  expect(calls.at(-1)).toEqual({ toolCallId: "x".repeat(256), status: "cancelled" });
});

test("live output is told as it comes, the result of a call that has no terminal at its end", () => {
  const calls: ToolCallUpdate[] = [];
  const mapper = new ToolCallMapper("/w", (call) => calls.push(call));
  const notification = { toolNotification: { type: "output", params: { chunks: [{ output: "live" }, {}] } } };
  mapper.take({ sessionUpdate: "tool_call", toolCallId: "1" });
  mapper.started("1");
  mapper.started("1");
  mapper.started("unknown");
  mapper.take({ sessionUpdate: "tool_call_update", toolCallId: "1", _meta: notification });
  const content = [{ type: "content", content: { type: "text", text: "result" } }, { type: "content" }, { type: "diff" }];
  mapper.take({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "completed", content });
  mapper.take({ sessionUpdate: "tool_call_update", toolCallId: "1", content: [{ type: "terminal", terminalId: "t" }] });
  expect(calls).toEqual([
    { toolCallId: "1", toolName: "tool", status: "pending" },
    { toolCallId: "1", status: "in_progress" },
    { toolCallId: "1", outputDelta: "live" },
    { toolCallId: "1", status: "completed", outputDelta: "result" },
  ]);
  expect([mapper.completed, mapper.hasOpen, mapper.describe("1")]).toEqual([1, false, undefined]);
});

test("a call in a terminal does not repeat what the terminal told; files outside the worktree keep their whole path", () => {
  const calls: ToolCallUpdate[] = [];
  const mapper = new ToolCallMapper("/w", (call) => calls.push(call));
  const diff = (file: string): object => ({ type: "diff", path: file, newText: "b", ...(file === "/w/in.txt" ? { oldText: "a" } : {}) });
  expect(mapper.take({ sessionUpdate: "tool_call", toolCallId: "1", content: [{ type: "terminal", terminalId: "t" }] })).toEqual(["t"]);
  mapper.take({ sessionUpdate: "tool_call_update", toolCallId: "1", content: [{ type: "content", content: { type: "text", text: "again" } }] });
  mapper.take({ sessionUpdate: "tool_call_update", toolCallId: "1", content: [diff("/w/in.txt"), diff("/out.txt"), diff("/w")] as never });
  expect(calls.slice(1)).toEqual([
    {
      toolCallId: "1",
      diffs: [
        { path: "in.txt", oldText: "a", newText: "b" },
        { path: "/out.txt", newText: "b" },
        { path: "/w", newText: "b" },
      ],
    },
  ]);
});

test("a task that ran too long is told in minutes where it is that long", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const ends: unknown[] = [];
  const time = new ActiveTime({
    wallClockMs: 180_000,
    idleMs: 0,
    isPaused: () => false,
    isBusy: () => false,
    onTimeout: ({ message, retryable }) => ends.push([message, retryable]),
  });
  vi.advanceTimersByTime(200_000);
  time.dispose();
  expect(ends).toEqual([[expect.stringContaining("its limit of 3 minutes"), false]]);
  vi.useRealTimers();
});

test("versions", () => {
  expect([" 1.51.9", "0.99.0", "junk", ""].map((version) => isOlder(version, "1.52.0"))).toEqual([true, true, true, true]);
  expect(["1.52.0", "v1.52.1-rc.1", "1.100.0", "2.0.0"].map((version) => isOlder(version, "1.52.0"))).toEqual([false, false, false, false]);
});

test("plugins of the folder and its ancestors up to the repository", async () => {
  using folder = createTempDir();
  folder.write("repo/.git", "");
  folder.write("repo/.agents/plugins/one/plugin.json", "");
  folder.write("repo/sub/.agents/plugins/two/plugin.json", "");
  folder.write(".agents/plugins/above/plugin.json", "");
  const plugins = JSON.parse((await disabledProjectPlugins(path.join(folder.dir, "repo/sub"))) ?? "") as Record<string, unknown>;
  expect(plugins).toEqual({
    [path.join(folder.dir, "repo/.agents/plugins/one")]: { enabled: false },
    [path.join(folder.dir, "repo/sub/.agents/plugins/two")]: { enabled: false },
  });
  expect(await disabledProjectPlugins(path.join(folder.dir, "nowhere/.git"))).toBeDefined();
});
