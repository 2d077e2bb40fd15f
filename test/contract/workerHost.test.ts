/** The worker port, run against both of its implementations: threads and inline. */
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { InvocationObserver } from "../../src/engine/ports.ts";
import { TaskWorkerHost } from "../../src/host/taskWorkerHost.ts";
import type { TaskId } from "../../src/model/ids.ts";
import type { PoolMode } from "../../src/model/settings.ts";
import { maxUnacknowledged } from "../../src/protocol/hostWorker.ts";
import type { WorkerEventBody } from "../../src/model/taskEvent.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { realTimers } from "../helpers/realTimers.ts";

// A thread takes a while to start on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const logged: string[] = [];
const note = (text: string): void => {
  logged.push(text);
};
const log = { debug: note, info: note, warn: note, error: note };

describe.each<PoolMode>(["thread", "inline"])("workers in mode %s", (poolMode) => {
  let host: TaskWorkerHost;
  let modules: string[];
  beforeEach(() => {
    logged.length = 0;
    modules = [file("../helpers/handlers/testHandlers.ts")];
    host = new TaskWorkerHost({
      script: file("../../src/worker/harness.ts"),
      settings: () => ({ poolSize: 2, poolMode, poolModules: modules }),
      timers: realTimers,
      log,
    });
  });
  afterEach(() => host.stop(2_000));

  const run = (handler: string, input: JsonObject = {}, observer: InvocationObserver = {}): ReturnType<TaskWorkerHost["run"]> =>
    host.run({ taskId: "00000001" as TaskId, attempt: 1, handler, input }, observer);

  test("an invocation is claimed and its output comes back", async () => {
    let isClaimed = false;
    await expect(run("test.echo", { a: [1, "ü", null] }, { onClaim: () => (isClaimed = true) }).result).resolves.toEqual({ a: [1, "ü", null] });
    expect(isClaimed).toBe(true);
  });

  test("an error keeps its code, its details and its cause", async () => {
    const error: unknown = await run("test.fail").result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "DISK_FULL",
      message: "No space is left.",
      retryable: true,
      details: "ENOSPC",
      retryAt: 7_000,
      cause: { message: "the disk said no" },
    });
    expect((error as Error).stack).toContain("testHandlers");
  });

  test.each([
    ["test.throw", "INTERNAL"],
    ["no.such", "UNKNOWN_HANDLER"],
    ["test.badOutput", "INTERNAL"],
  ])("%s ends as %s and the worker goes on", async (handler, code) => {
    await expect(run(handler).result).rejects.toMatchObject({ code });
    await expect(run("test.echo", { still: "here" }).result).resolves.toEqual({ still: "here" });
  });

  test("streamed events arrive in order, joined, with no character lost", async () => {
    const events: WorkerEventBody[] = [];
    let tellings = 0;
    await run("test.stream", { count: 1_000 }, { onEvents: (more) => (tellings++, events.push(...more)) }).result;
    expect(tellings).toBeLessThan(events.length / 8); // told by the batch: each telling is a write
    const words = events.flatMap((event) => (event.type === "message" ? event.text.trim().split(" ") : []));
    expect(words).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index)));
    const output = events.map((event) => (event.type === "tool_call" ? (event.call.outputDelta ?? "") : "")).join("");
    expect(output).toBe("😀".repeat(100_000));
  });

  test("a flood waits for the journal: few events are on their way, none is lost, and others are answered meanwhile", async () => {
    const count = poolMode === "thread" ? 1_000_000 : 100_000;
    const state = { next: 0, onTheirWay: 0, most: 0 };
    const onEvents = async (events: readonly WorkerEventBody[]): Promise<void> => {
      state.onTheirWay += events.length;
      state.most = Math.max(state.most, state.onTheirWay);
      for (const event of events) {
        if (event.type !== "message" || event.messageId !== `m${state.next}`) throw new Error(`m${state.next} is missing`);
        state.next += 1;
      }
      await new Promise((resolve) => setImmediate(resolve)); // as slow as a journal
      state.onTheirWay -= events.length;
    };
    const flood = run("test.flood", { count, every: 64 }, { onEvents });
    await waitFor(() => state.next > 1_000, { what: "the flood" });
    const between: number[] = [];
    for (let asked = 0; asked < 6; asked++) {
      const before = state.next;
      await run("test.echo", { asked }).result; // in another worker, or in the same one
      between.push(state.next - before);
    }
    const { heapUsed } = (await flood.result) as { heapUsed: number };
    expect(state.next).toBe(count);
    expect(state.most).toBeLessThanOrEqual(maxUnacknowledged);
    expect(heapUsed).toBeLessThan(poolMode === "thread" ? 150e6 : Infinity); // 250 MB and more when they pile up
    expect(Math.min(...between)).toBeLessThan(count / 10);
  });

  test("a journal that cannot be written does not hold the worker", async () => {
    const onEvents = (): Promise<never> => Promise.reject(new Error("the disk is full"));
    await expect(run("test.flood", { count: 2_000, every: 1 }, { onEvents }).result).resolves.toBeDefined();
  });

  test("events that do not fit the protocol do not use up what may be on its way", async () => {
    await expect(run("test.oddFlood").result).resolves.toBe("over");
    expect(host.droppedMessages).toBe(2 * maxUnacknowledged);
  });

  test.each([
    ["words of the user", { type: "say", id: "1", text: "look at ü" } as const, "look at ü"],
    ["the end of a tool call", { type: "stop_tool_call", toolCallId: "call" } as const, "call"],
  ])("%s told before the handler listens is not lost", async (_what, wish, heard) => {
    let hasBegun = false;
    const handle = run("test.wishes", {}, { onEvents: () => (hasBegun = true) });
    handle.pause();
    handle.tell(wish);
    await waitFor(() => hasBegun, { what: "the beginning" });
    handle.resume();
    await expect(handle.result).resolves.toBe(heard);
    handle.tell(wish);
  });

  test("pause holds at the gate, resume lets go on", async () => {
    const seen: string[] = [];
    const handle = run("test.hold", {}, { onEvents: (events) => events.forEach((event) => event.type === "log" && seen.push(event.message)) });
    let isSettled = false;
    void handle.result.finally(() => (isSettled = true));
    await waitFor(() => seen.includes("begun"), { what: "the beginning" });
    handle.pause();
    await waitFor(() => seen.includes("held"), { what: "the hold" });
    expect(isSettled).toBe(false);
    handle.resume();
    await expect(handle.result).resolves.toBe("went on");
  });

  test("cancel rejects with CANCELLED, the first reason wins, also while held", async () => {
    const seen: string[] = [];
    const handle = run("test.hold", {}, { onEvents: (events) => events.forEach((event) => event.type === "log" && seen.push(event.message)) });
    handle.pause();
    await waitFor(() => seen.includes("held"), { what: "the hold" });
    handle.cancel("first");
    handle.cancel("second");
    await expect(handle.result).rejects.toMatchObject({ code: "CANCELLED", message: "first" });
  });

  test("a tool call is decided on by the observer; without one, or when it fails, it is declined", async () => {
    const seen: unknown[] = [];
    const answer = run("test.permit", {}, { onPermission: (request) => (seen.push(request), Promise.resolve("allow_once")) });
    await expect(answer.result).resolves.toBe("allow_once");
    expect(seen).toEqual([{ toolCallId: "t", toolName: "shell", title: "shell", input: { command: "ls" } }]);
    await expect(run("test.permit").result).resolves.toBe("reject_once");
    await expect(run("test.permit", {}, { onPermission: () => Promise.reject(new Error("undecided")) }).result).resolves.toBe("reject_once");
  });

  test("a running invocation sends heartbeats", async () => {
    let beats = 0;
    const handle = run("test.hold", {}, { onHeartbeat: () => beats++ });
    await waitFor(() => beats > 0, { what: "a heartbeat", timeoutMs: 5_000 });
    handle.cancel("enough");
    await expect(handle.result).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("stop cancels what runs, and refuses what comes later", async () => {
    const seen: string[] = [];
    const handle = run("test.hold", {}, { onEvents: (events) => events.forEach((event) => event.type === "log" && seen.push(event.message)) });
    const ended = expect(handle.result).rejects.toMatchObject({ code: "CANCELLED" });
    await waitFor(() => seen.includes("begun"), { what: "the beginning" });
    await Promise.all([host.stop(2_000), host.stop(2_000)]);
    await ended;
    await expect(run("test.echo").result).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("a module that cannot be loaded fails the invocation with its name", async () => {
    modules = [file("./no-such-module.ts")];
    await expect(run("test.echo").result).rejects.toThrow("no-such-module");
  });
});

describe("threads", () => {
  // A thread may take seconds to start on a busy machine: only where silence is the matter is it short.
  const make = (silenceMs = 60_000): TaskWorkerHost =>
    new TaskWorkerHost({
      script: file("../../src/worker/harness.ts"),
      settings: () => ({ poolSize: 2, poolMode: "thread", poolModules: [file("../helpers/handlers/testHandlers.ts")] }),
      timers: realTimers,
      log,
      silenceMs,
    });
  const taskId = "00000001" as TaskId;

  test("a worker that hangs makes its task silent, one that is held does not", async () => {
    const host = make(9_000); // three heartbeats to a round
    const held = host.run({ taskId: "00000002" as TaskId, attempt: 1, handler: "test.hold", input: {} });
    const hung = host.run({ taskId, attempt: 1, handler: "test.spin", input: {} });
    const seen: boolean[] = [];
    const failed = hung.result.catch((thrown: unknown) => thrown);
    await waitFor(() => (seen.push(host.isSilent("00000002" as TaskId)), host.isSilent(taskId)), { what: "the silence", timeoutMs: 20_000 });
    expect(await failed).toMatchObject({ code: "WORKER_FAILED" });
    expect(host.isSilent(taskId)).toBe(false); // nothing of it runs any more
    expect(seen).not.toContain(true);
    held.cancel("enough");
    await held.result.catch(() => undefined);
    await host.stop(2_000);
  });

  test("an invocation whose end does not fit the protocol fails, and its worker goes on", async () => {
    const host = make(9_000);
    const held = host.run({ taskId: "00000002" as TaskId, attempt: 1, handler: "test.hold", input: {} });
    const shared = host.run({ taskId: "00000002" as TaskId, attempt: 1, handler: "test.hold", input: {} });
    await expect(host.run({ taskId, attempt: 1, handler: "test.nothing", input: {} }).result).rejects.toMatchObject({ code: "WORKER_FAILED", retryable: true });
    for (const handle of [held, shared]) {
      handle.cancel("enough");
      await expect(handle.result).rejects.toMatchObject({ code: "CANCELLED" });
    }
    await host.stop(2_000);
  });

  test("two tasks run in two threads, a third shares", async () => {
    const host = make();
    const held = [1, 2, 3].map(() => host.run({ taskId, attempt: 1, handler: "test.hold", input: {} }));
    const threads = await Promise.all([1, 2].map(() => host.run({ taskId, attempt: 1, handler: "test.thread", input: {} }).result));
    expect(threads.every((id) => typeof id === "number" && id > 0)).toBe(true);
    for (const handle of held) handle.cancel("enough");
    await Promise.allSettled(held.map((handle) => handle.result));
    await host.stop(2_000);
  });

  test.each([
    ["exits", "test.exit", "exited with code 7"],
    ["never gives the thread back", "test.spin", "no sign of life"],
    ["runs out of memory", "test.exhaust", "memory"],
  ])("a worker that %s costs its invocation and is replaced", async (_what, handler, why) => {
    const host = make(handler === "test.spin" ? 9_000 : 60_000);
    const failure = { code: "WORKER_FAILED", retryable: true, message: expect.stringContaining(why) as string };
    await expect(host.run({ taskId, attempt: 1, handler, input: {} }).result).rejects.toMatchObject(failure);
    await expect(host.run({ taskId, attempt: 1, handler: "test.echo", input: { a: 1 } }).result).resolves.toEqual({ a: 1 });
    await host.stop(2_000);
  });
});
