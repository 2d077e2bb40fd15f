/** Handlers for tests of the worker host; loaded through `workerPool.modules`. */
import { abortable } from "../../../src/base/abort.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskHandlerRegistry } from "../../../src/worker/handlerRegistry.ts";
import type { PermissionOutcome } from "../../../src/model/toolCall.ts";

/** Asked for after the invocation that asks has ended. */
let late: Promise<PermissionOutcome> | undefined;
let reason: string | undefined;

/** Why the handler that waits for its end was ended. */
export const lastReason = (): string | undefined => reason;

export function register(registry: TaskHandlerRegistry): void {
  registry.register("test.echo", (input) => Promise.resolve(input));
  registry.register("test.fail", () => {
    const cause = Object.assign(new Error("the disk said no"), { errno: -28 });
    return Promise.reject(new TaskMasterError("DISK_FULL", "No space is left.", { retryable: true, cause, details: "ENOSPC", retryAt: 7_000 }));
  });
  registry.register("test.throw", () => {
    throw new RangeError("not one of ours");
  });
  registry.register("test.stream", (input, context) => {
    for (let i = 0; i < Number(input["count"]); i++) context.emit({ type: "message", role: "agent", messageId: `m${i % 2}`, text: `${i} ` });
    context.emit({ type: "tool_call", call: { toolCallId: "t", outputDelta: "😀".repeat(100_000) } });
    return Promise.resolve("streamed");
  });
  registry.register("test.flood", async (input, context) => {
    let heapUsed = 0;
    const [count, every] = [Number(input["count"]), Number(input["every"])];
    for (let i = 0; i < count; i++) {
      // No two neighbours are pieces of one text, so that none are joined.
      context.emit({ type: "message", role: "agent", messageId: `m${i}`, text: "x".repeat(100) });
      if (i % every !== 0) continue;
      heapUsed = Math.max(heapUsed, process.memoryUsage().heapUsed);
      await context.room();
    }
    return { heapUsed };
  });
  registry.register("test.oddFlood", (_input, context) => {
    for (let i = 0; i < 512; i++) context.emit({ type: "progress_update", progress: { percent: 101, message: "" } });
    return Promise.resolve("over");
  });
  registry.register("test.hold", async (_input, context) => {
    context.emit({ type: "log", level: "info", message: "begun" });
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      if (context.isPaused) resolve();
    }, 5);
    await abortable(promise, context.signal).finally(() => clearInterval(timer));
    context.emit({ type: "log", level: "info", message: "held" });
    await context.gate();
    return "went on";
  });
  registry.register("test.permit", (_input, context) => context.permit({ toolCallId: "t", toolName: "shell", title: "shell", input: { command: "ls" } }));
  registry.register("test.wishes", async (_input, context) => {
    context.emit({ type: "log", level: "info", message: "begun" });
    await context.gate();
    const { promise, resolve } = Promise.withResolvers<string>();
    context.onWish((wish) => resolve(wish.type === "say" ? wish.text : wish.toolCallId));
    return abortable(promise, context.signal);
  });
  registry.register("test.permitLate", (_input, context) => {
    late = new Promise((resolve) => setTimeout(resolve)).then(() => context.permit({ toolCallId: "t", toolName: "shell", title: "shell" }));
    return Promise.resolve("over");
  });
  registry.register("test.lateOutcome", async () => (await late) ?? null);
  registry.register("test.untilCancelled", async (_input, context) => {
    await abortable(new Promise<never>(() => undefined), context.signal).catch((thrown: unknown) => (reason = (thrown as Error).message));
    return null;
  });
  registry.register("test.spin", () => {
    for (;;);
  });
  registry.register("test.exhaust", () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_unused, index) => index + 0.5));
  });
  registry.register("test.exit", () => process.exit(7));
  registry.register("test.thread", async () => (await import("node:worker_threads")).threadId);
  registry.register("test.nothing", () => Promise.resolve(undefined as never));
  registry.register("test.badOutput", () => Promise.resolve((() => undefined) as never));
}
