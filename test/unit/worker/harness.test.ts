import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hostWorkerVersion, parseWorkerMessage, type WorkerMessage } from "../../../src/protocol/hostWorker.ts";
import { startHarness } from "../../../src/worker/harness.ts";
import { waitFor } from "../../helpers/leakCheck.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const testHandlers = file("../../helpers/handlers/testHandlers.ts");

let port: MessagePort;
let heard: WorkerMessage[];
beforeEach(() => (heard = []));
afterEach(() => port.close());

/** A harness at the other end of a channel, as the host starts it in its own thread. */
function start(modules: readonly string[]): void {
  const { port1, port2 } = new MessageChannel();
  port = port1;
  port.on("message", (messages: unknown[]) => heard.push(...messages.flatMap((message) => parseWorkerMessage(message) ?? [])));
  startHarness(port2, { modules });
}

const run = (invocationId: number, handler: string, input = {}): object => ({
  type: "run",
  invocationId,
  invocation: { taskId: "00000001", attempt: 1, handler, input },
});

function message<T extends WorkerMessage["type"]>(type: T, invocationId?: number): Promise<Extract<WorkerMessage, { type: T }>> {
  const fits = (each: WorkerMessage): each is Extract<WorkerMessage, { type: T }> =>
    each.type === type && (invocationId === undefined || ("invocationId" in each && each.invocationId === invocationId));
  return waitFor(() => heard.find(fits), { what: `the message ${type}` });
}

test("says that it is ready, what it can do, and answers also a single message", async () => {
  start([testHandlers]);
  expect(await message("ready")).toMatchObject({ version: hostWorkerVersion, handlers: expect.arrayContaining(["goose.run", "git.commit", "test.echo"]) });
  port.postMessage(run(1, "test.echo", { a: 1 }));
  expect(await message("completed")).toEqual({ type: "completed", invocationId: 1, output: { a: 1 } });
});

test("messages that do not fit the protocol are dropped, the others of their batch are not", async () => {
  start([testHandlers]);
  port.postMessage([null, { type: "run", invocationId: 0 }, "x", run(1, "test.echo"), { type: "pause", invocationId: 9 }, { type: "resume", invocationId: 9 }]);
  expect(await message("completed")).toMatchObject({ invocationId: 1 });
  port.postMessage([run(2, "test.echo")]);
  expect(await message("completed", 2)).toBeDefined();
});

test("a module that registers nothing fails every run, and says which it is", async () => {
  start([file("./harness.test.ts").replace("harness.test.ts", "gooseFixture.ts")]);
  port.postMessage([run(1, "test.echo")]);
  expect(await message("failed")).toMatchObject({ invocationId: 1, error: { code: "INVALID_INPUT", message: expect.stringContaining("gooseFixture") } });
});

test("who asks for a permission after its invocation has ended is declined without a question", async () => {
  start([testHandlers]);
  port.postMessage([run(1, "test.permitLate")]);
  await message("completed", 1);
  port.postMessage([run(2, "test.lateOutcome")]);
  expect(await message("completed", 2)).toMatchObject({ output: "reject_once" });
  expect(heard.some(({ type }) => type === "permission")).toBe(false);
});

test("a request that waits for its answer ends with its invocation; an answer to nothing is passed over", async () => {
  start([testHandlers]);
  port.postMessage([run(1, "test.permit")]);
  const { requestId } = await message("permission");
  port.postMessage([
    { type: "permission", invocationId: 1, requestId: "another", outcome: "allow_once" },
    { type: "permission", invocationId: 9, requestId, outcome: "allow_once" },
    { type: "cancel", invocationId: 1, reason: "enough" },
    { type: "cancel", invocationId: 9, reason: "enough" },
  ]);
  expect(await message("failed")).toMatchObject({ invocationId: 1, error: { code: "CANCELLED", message: "enough" } });
});

test("the end of the host cancels what runs", async () => {
  start([testHandlers]);
  port.postMessage([run(1, "test.untilCancelled")]);
  await message("claim");
  port.close();
  const { lastReason } = (await import(testHandlers)) as { lastReason: () => string | undefined };
  await waitFor(() => lastReason() !== undefined, { what: "the end of the handler" });
  expect(lastReason()).toBe("The host is gone.");
});
