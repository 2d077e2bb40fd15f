import { expect, test } from "vitest";
import { parseHostMessage, parseWorkerMessage } from "../../../src/protocol/hostWorker.ts";
import { deserializeError, serializeError } from "../../../src/protocol/serializedError.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";

test.each([
  [null],
  [42],
  ["ready"],
  [{}],
  [{ type: "nonsense" }],
  [{ type: "completed", invocationId: "1", output: null }],
  [{ type: "completed", invocationId: -1, output: null }],
  [{ type: "event", invocationId: 1, event: { type: "completed", summary: "false success", unblocked: [] } }],
  [{ type: "event", invocationId: 1, event: { type: "progress_update", progress: { percent: 101, message: "" } } }],
  [{ type: "event", invocationId: 1, event: { type: "message", role: "system", messageId: "m", text: "x" } }],
  [{ type: "event", invocationId: 1, event: { type: "message", role: "agent", messageId: "m", text: "x".repeat(70_000) } }],
  [{ type: "failed", invocationId: 1, error: { code: "NO_SUCH_CODE", message: "", retryable: false } }],
])("a worker message that does not fit is dropped: %j", (value) => {
  expect(parseWorkerMessage(value)).toBeUndefined();
});

test.each([
  [{ type: "run", invocationId: 1, invocation: { taskId: "../etc", attempt: 1, handler: "goose.run", input: {} } }],
  [{ type: "permission", invocationId: 1, requestId: "r", outcome: "allow_always" }],
  [{ type: "acknowledge", invocationId: 1, events: 0 }],
  [{ type: "acknowledge", invocationId: 1, events: 1e9 }],
])("a host message that does not fit is dropped: %j", (value) => {
  expect(parseHostMessage(value)).toBeUndefined();
});

test("an error survives the wire with code, details, stack and a bounded chain of causes", () => {
  let error = new TaskMasterError("INTERNAL", "innermost");
  for (let depth = 0; depth < 20; depth++) error = new TaskMasterError("GOOSE_NETWORK", `level ${depth}`, { cause: error, retryable: true, details: "d" });
  const back = deserializeError(structuredClone(serializeError(error)));
  expect(back).toMatchObject({ code: "GOOSE_NETWORK", retryable: true, details: "d", message: "level 19", cause: { message: "level 18" } });
  expect(back.stack).toBe(error.stack);
  expect(JSON.stringify(serializeError(error)).match(/"cause"/g)).toHaveLength(4);
});

test("an error's time for another try survives the wire; one that is no time is left out, not the error", () => {
  const sent = (retryAt: number): unknown => {
    const error = serializeError(new TaskMasterError("GOOSE_RATE_LIMIT", "slow down", { retryAt }));
    const message = parseWorkerMessage(structuredClone({ type: "failed", invocationId: 1, error }));
    return message?.type === "failed" ? deserializeError(message.error).retryAt : "dropped";
  };
  expect([1_790_000_000_000, Number.NaN, Infinity].map(sent)).toEqual([1_790_000_000_000, undefined, undefined]);
});
