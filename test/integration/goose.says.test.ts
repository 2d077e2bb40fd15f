/** What the real Goose says beside text and tool calls: plans, what goes on inside a call, and what an attempt has used. */
import { afterEach, expect, test } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { UsageOffset } from "../../src/model/usage.ts";
import { gooseConfig } from "../helpers/gooseConfig.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { byPrompt, sequence, type ModelReply, type ScriptedCall } from "../helpers/modelServer.ts";
import { ProductEngine } from "../helpers/productEngine.ts";
import { goosePlace, TestContext, type GoosePlace } from "../unit/worker/gooseFixture.ts";

const usage = (promptTokens: number, completionTokens: number): { readonly usage: { promptTokens: number; completionTokens: number } } => ({
  usage: { promptTokens, completionTokens },
});
const call = (name: string, input: ScriptedCall["arguments"]): ModelReply => ({ kind: "tools", calls: [{ name, arguments: input }], ...usage(100, 1) });
const text = (promptTokens: number): ModelReply => ({ kind: "text", text: "Done.", ...usage(promptTokens, 2) });

let product: ProductEngine | undefined;
afterEach(async () => {
  await product?.close();
  product = undefined;
});

async function placeWith(extensions: readonly string[], replies: readonly ModelReply[]): Promise<GoosePlace> {
  const place = await goosePlace(sequence(replies));
  place.home.write("config/goose/config.yaml", gooseConfig(extensions));
  return place;
}

test("the todo list becomes a plan, told when it changes; a later process of the session knows it", async () => {
  const todo = (content: string): ModelReply => call("todo__todo_write", { content });
  const list = "- [x] look\n- [ ] act on test-key";
  const place = await placeWith(["todo"], [todo("- [ ] look\n- [ ] act"), todo(list), text(10), todo(list), text(10), todo(""), text(10)]);
  const context = new TestContext();
  const { sessionId } = await place.run(context);
  const plans = (of: TestContext): unknown[] => of.of("plan").map(({ entries }) => entries.map(({ text, status }) => `${status}: ${text}`));
  expect(plans(context)).toEqual([
    ["pending: look", "pending: act"],
    // What looks like a key of the provider is hidden, as in every text.
    ["completed: look", expect.stringMatching(/^pending: act on (?!test-key)/)],
  ]);
  expect(context.calls()).toMatchObject([{ toolName: "todo__todo_write", status: "completed" }, { status: "completed" }]);
  const same = new TestContext();
  await place.run(same, { sessionId });
  expect(plans(same)).toEqual([]);
  const cleared = new TestContext();
  await place.run(cleared, { sessionId });
  expect(plans(cleared)).toEqual([[]]);
});

test("progress and messages of an MCP tool belong to their call; its failure keeps the server's words", async () => {
  // One after the other: Goose tells what a server notifies to each of its calls that waits.
  const place = await placeWith(["test"], [call("test__slow", {}), call("test__broken", {}), text(10)]);
  const context = new TestContext();
  await place.run(context);
  const [slow, broken] = context.calls();
  expect(slow).toMatchObject({ toolName: "test__slow", status: "completed", outputDelta: "The slow work is done." });
  expect(broken).toMatchObject({ toolName: "test__broken", status: "failed", outputDelta: "It is broken." });
  const activities = (toolCallId = ""): unknown[] =>
    context.of("tool_call").flatMap(({ call }) => (call.toolCallId === toolCallId ? (call.activity ?? []) : []));
  expect(activities(slow?.toolCallId)).toEqual(expect.arrayContaining(["step 2 of 3 (67 %)", "log line 3", "a plain text"]));
  expect(activities(broken?.toolCallId)).toEqual([]);
});

/** What the attempt has used at a run's end, with the offset that was recorded. */
function told(context: TestContext): { readonly tokens: readonly (number | undefined)[]; readonly offset: UsageOffset } {
  const last = context.of("usage").at(-1)?.usage;
  const data: JsonObject = context.of("checkpoint")[0]?.data ?? {};
  return { tokens: [last?.inputTokens, last?.outputTokens], offset: data["usageOffset"] as unknown as UsageOffset };
}

test("tokens: over processes and sessions an attempt counts its own, each once", async () => {
  const place = await placeWith([], [call("tree", { path: "." }), text(1_000), text(2_000), text(4_000), text(8_000), text(16_000)]);
  const first = new TestContext();
  const { sessionId } = await place.run(first);
  expect(told(first)).toEqual({ tokens: [1_100, 3], offset: { inputTokens: 0, outputTokens: 0, costUsd: 0 } });

  // The process that went on did not hear of the last 1,000 tokens.
  const second = new TestContext();
  await place.run(second, { sessionId, usage: { used: { inputTokens: 100, outputTokens: 1 }, offset: told(first).offset } });
  expect(told(second)).toEqual({ tokens: [3_100, 5], offset: told(first).offset });

  // The next attempt, in the same session.
  const third = new TestContext();
  await place.run(third, { sessionId, usage: { used: { inputTokens: 0, outputTokens: 0 } } });
  expect(told(third)).toEqual({ tokens: [4_000, 2], offset: { inputTokens: 3_100, outputTokens: 5, costUsd: 0 } });
  const fourth = new TestContext();
  await place.run(fourth, { sessionId, usage: { used: { inputTokens: 4_000, outputTokens: 2 }, offset: told(third).offset } });
  expect(told(fourth).tokens).toEqual([12_000, 4]);

  // The session is lost: the attempt goes on in another.
  const fifth = new TestContext();
  await place.run(fifth, { usage: { used: { inputTokens: 12_000, outputTokens: 4 } } });
  expect(told(fifth)).toEqual({ tokens: [28_000, 6], offset: { inputTokens: -12_000, outputTokens: -4, costUsd: 0 } });
});

test("an attempt that is mended after a failed check, and one that goes on after a restart, have used what the model was asked for", async () => {
  const write = (path: string): ModelReply => call("write", { path, content: "x\n" });
  product = await ProductEngine.open({
    env: { GOOSE_MODEL: "gpt-4.1" },
    settings: { poolSize: 1 },
    script: byPrompt([
      ["You were interrupted", [write("c.txt"), text(8_000)]],
      ["make-b", [write("b.txt"), call("shell", { command: "until [ -e never ]; do sleep 0.05; done" })]],
      ["Mend the work", [write("mended.txt"), text(4_000)]],
      ["make-a", [write("a.txt"), text(1_000)]],
    ]),
  });
  const a = await product.add("make-a", { acceptance: { commands: ["test -e mended.txt"] } });
  expect(await product.run(a)).toMatchObject({ status: "done", attempts: 1 });
  const [mended] = await product.engine.attempts(a.id);
  expect(mended?.usage).toMatchObject({ inputTokens: 100 + 1_000 + 100 + 4_000, outputTokens: 1 + 2 + 1 + 2 });
  expect(mended?.usage.costUsd).toBeGreaterThan(0);

  const b = await product.add("make-b");
  void product.engine.run(b.id);
  await waitFor(async () => (await product?.engine.attempts(b.id))?.[0]?.usage.inputTokens === 100, { what: "the first step's usage", timeoutMs: 20_000 });
  await product.heard(({ event }) => event.taskId === b.id && event.type === "tool_call" && event.call.kind === "execute", "the command");
  const engine = await product.reopen();
  await engine.resume(b.id);
  await waitFor(async () => (await engine.get(b.id)).status === "done", { what: "the end", timeoutMs: 20_000 });
  const [goneOn] = await engine.attempts(b.id);
  // Goose never counts the step that was interrupted: 100 tokens for the command.
  expect(goneOn?.usage).toMatchObject({ inputTokens: 100 + 100 + 8_000, outputTokens: 1 + 1 + 2 });
  expect(goneOn?.usage.contextUsed).toBe(8_002);
});
