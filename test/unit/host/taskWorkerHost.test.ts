import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { TaskWorkerHost } from "../../../src/host/taskWorkerHost.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { PoolMode } from "../../../src/model/settings.ts";
import { maxUnacknowledged } from "../../../src/protocol/hostWorker.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { ManualClock } from "../../helpers/manualClock.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const harness = file("../../../src/worker/harness.ts");
const testHandlers = file("../../helpers/handlers/testHandlers.ts");
const taskId = "00000001" as TaskId;

// A thread takes a while to start on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let end: () => Promise<void>;
afterEach(() => end());

/** A host whose time stands still until the test moves it. */
function make(script: string, poolMode: PoolMode = "thread"): { host: TaskWorkerHost; logged: string[]; clock: ManualClock } {
  const logged: string[] = [];
  const note = (text: string, data?: object): void => void logged.push(`${text} ${JSON.stringify(data ?? {})}`);
  const clock = new ManualClock();
  const host = new TaskWorkerHost({
    script,
    settings: () => ({ poolSize: 2, poolMode, poolModules: [testHandlers] }),
    timers: clock,
    log: { debug: note, info: note, warn: note, error: note },
  });
  end = () => {
    const ended = host.stop(0);
    clock.advance(0);
    return ended;
  };
  return { host, logged, clock };
}

const echo = (on: TaskWorkerHost): Promise<unknown> => on.run({ taskId, attempt: 1, handler: "test.echo", input: { a: 1 } }).result;

test("the first worker is warmed up once, and serves what comes then", async () => {
  const { host: warm } = make(harness);
  await warm.start();
  await warm.start();
  const threads = await Promise.all([1, 2].map(() => warm.run({ taskId, attempt: 1, handler: "test.thread", input: {} }).result));
  expect(new Set(threads).size).toBe(2); // the one that was warm, and another as it was busy
  expect(await echo(warm)).toEqual({ a: 1 });
  expect(warm.droppedMessages).toBe(0);
});

test("after the end no worker is started any more", async () => {
  const { host: ended } = make(harness);
  await end();
  await ended.start();
  const handle = ended.run({ taskId, attempt: 1, handler: "test.echo", input: {} });
  handle.pause();
  handle.resume();
  handle.cancel("late");
  await expect(handle.result).rejects.toMatchObject({ code: "CANCELLED" });
});

test.each<PoolMode>(["thread", "inline"])("a worker of another version is refused, in mode %s", async (mode) => {
  const { host: other, logged } = make(file("../../helpers/handlers/versionNine.ts"), mode);
  await expect(echo(other)).rejects.toMatchObject({ code: "WORKER_FAILED", message: expect.stringContaining("version 9") as string });
  expect(logged).toContainEqual(expect.stringContaining("version 9"));
});

test.each<PoolMode>(["thread", "inline"])("a worker that sends more events than it may is ended, in mode %s", async (mode) => {
  const { host: other } = make(file("../../helpers/handlers/impatient.ts"), mode);
  const told: unknown[] = [];
  const flooded = other.run(
    { taskId, attempt: 1, handler: "test.echo", input: {} },
    { onEvents: (events) => (told.push(...events), new Promise(() => undefined)) },
  );
  await expect(flooded.result).rejects.toMatchObject({ code: "WORKER_FAILED", message: expect.stringContaining("more events than it may") as string });
  expect(told).toHaveLength(maxUnacknowledged);
});

test("a worker that ends without an error costs its invocation", async () => {
  const { host: brief } = make(file("../../helpers/handlers/brief.ts"));
  await expect(echo(brief)).rejects.toMatchObject({ code: "WORKER_FAILED", retryable: true, message: expect.stringContaining("it was ended") as string });
});

test("a script that is not there fails inline as it does in a thread", async () => {
  for (const mode of ["thread", "inline"] as const) {
    const { host: none } = make(file("./no-such-worker.ts"), mode);
    await expect(echo(none)).rejects.toMatchObject({ code: "WORKER_FAILED", message: expect.stringContaining("no-such-worker") as string });
    await end();
  }
});

test("who is asked to stop waits for the grace and then ends what does not", async () => {
  const { host: slow, clock } = make(harness);
  const begun = Promise.withResolvers<void>();
  const hung = slow.run({ taskId, attempt: 1, handler: "test.spin", input: {} }, { onClaim: () => begun.resolve() });
  const failed = expect(hung.result).rejects.toMatchObject({ code: "WORKER_FAILED" });
  await begun.promise;
  let isOver = false;
  const stopped = slow.stop(4_000).finally(() => (isOver = true));
  clock.advance(3_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  clock.advance(1);
  await stopped;
  await failed;
});

test("messages that do not fit the protocol are dropped, counted, and told once", async () => {
  const { host: odd, logged } = make(harness);
  const held = odd.run({ taskId, attempt: 1, handler: "test.hold", input: {} });
  const ends = [1, 2].map(() => odd.run({ taskId, attempt: 1, handler: "test.nothing", input: {} }).result.catch(() => undefined));
  await waitFor(() => odd.droppedMessages === 2, { what: "two messages to be dropped" });
  expect(logged.filter((line) => line.includes("does not fit the protocol")).length).toBeLessThanOrEqual(2); // once for each worker
  held.cancel("enough");
  await held.result.catch(() => undefined);
  await end();
  await Promise.all(ends);
});
