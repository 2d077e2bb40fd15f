/** The batch alone: what it starts, what it waits for, and when it is over. */
import { beforeEach, describe, expect, test } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import type { TaskChange } from "../../../src/engine/facade.ts";
import { repeat } from "../../../src/engine/repeat.ts";
import { runAll, type Start } from "../../../src/engine/runAll.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import type { Task } from "../../../src/model/task.ts";
import { newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { ManualClock } from "../../helpers/manualClock.ts";

let clock: ManualClock;
let changes: Emitter<readonly TaskChange[]>;
let removals: Emitter<readonly TaskId[]>;
let queue: Emitter<QueueStatus>;
let runEnds: Emitter<void>;
let starts: (Start | Error)[];
let asked: number;
let ends: Map<string, (task: Partial<Task>) => void>;
beforeEach(() => {
  clock = new ManualClock();
  [changes, removals, queue, runEnds] = [new Emitter(), new Emitter(), new Emitter(), new Emitter()];
  starts = [];
  asked = 0;
  ends = new Map();
});

/** A task that starts when it is asked for, and ends when the test says so. */
function started(name: string): Start {
  const task = newTask(name);
  const { promise, resolve } = Promise.withResolvers<Task>();
  ends.set(name, (fields) => resolve({ ...task, status: "done", ...fields }));
  return { kind: "started", run: { task, finished: promise } };
}

const end = async (name: string, fields: Partial<Task> = {}): Promise<void> => {
  ends.get(name)?.(fields);
  await settle();
};
const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

/** Begins; the answer tells what came of it as far as it is known. */
async function begin(signal?: AbortSignal): Promise<{ ids?: readonly TaskId[]; error?: unknown }> {
  const outcome: { ids?: readonly TaskId[]; error?: unknown } = {};
  runAll({
    startNext: () => {
      asked++;
      const start = starts.shift() ?? { kind: "nothing" };
      return start instanceof Error ? Promise.reject(start) : Promise.resolve(start);
    },
    onDidChange: changes.event,
    onDidRemove: removals.event,
    onDidEndRun: runEnds.event,
    onDidChangeQueue: queue.event,
    clock,
    timers: clock,
    ...(signal === undefined ? {} : { signal }),
  }).then(
    (ids) => (outcome.ids = ids),
    (error: unknown) => (outcome.error = error),
  );
  await settle();
  return outcome;
}

const changed = (name: string, status: Task["status"], type: "requested" | "log" = "requested"): void =>
  changes.fire([
    {
      name: `task:${type}`,
      event: { type, id: 1, seq: 1, taskId: taskId(name), attempt: 1, at: 1 },
      task: newTask(name, { status }),
    } as unknown as TaskChange,
  ]);

describe("a batch", () => {
  test("is over at once where nothing is ready", async () => {
    expect(await begin()).toEqual({ ids: [] });
    expect(asked).toBe(1);
  });

  test("starts as long as there is something, and gives the ids in the order of their ends", async () => {
    starts = [started("a"), started("b"), { kind: "busy" }];
    const outcome = await begin();
    expect(asked).toBe(3);
    await end("b");
    expect(outcome).toEqual({});
    await end("a");
    expect(outcome).toEqual({ ids: [taskId("b"), taskId("a")] });
  });

  test("waits for a slot that somebody else's run holds", async () => {
    starts = [{ kind: "busy" }];
    const outcome = await begin();
    expect([outcome, asked]).toEqual([{}, 1]);
    runEnds.fire();
    await settle();
    expect([outcome, asked]).toEqual([{ ids: [] }, 2]);
  });

  test("stops with the queue, when what runs has ended", async () => {
    starts = [started("a"), { kind: "stopped" }];
    const outcome = await begin();
    queue.fire({ limits: [] });
    await settle();
    expect(asked).toBe(2); // nothing more is started
    await end("a", { status: "todo", notBefore: clock.now() + 1_000 });
    expect(outcome).toEqual({ ids: [taskId("a")] });
    expect(clock.pending).toBe(0);
  });

  test("waits for agents at their limit, and tries again at once when the queue changes", async () => {
    starts = [
      { kind: "waiting", until: clock.now() + 1_000 },
      { kind: "waiting", until: clock.now() + 5_000 },
    ];
    const outcome = await begin();
    expect(clock.pending).toBe(1);
    queue.fire({ limits: [] });
    await settle();
    expect(asked).toBe(2);
    clock.advance(4_999);
    await settle();
    expect([outcome, asked, clock.pending]).toEqual([{}, 2, 1]);
    clock.advance(1);
    await settle();
    expect([outcome, clock.pending]).toEqual([{ ids: [] }, 0]);
  });
});

describe("a task that is to be tried again", () => {
  const retryIn = (ms: number): Partial<Task> => ({ status: "todo", notBefore: clock.now() + ms });

  test("is waited for until its time, the first of several first", async () => {
    starts = [started("a"), started("b")];
    const outcome = await begin();
    await end("a", retryIn(2_000));
    await end("b", retryIn(1_000));
    const before = asked;
    clock.advance(999);
    await settle();
    expect(asked).toBe(before);
    starts = [started("b")];
    clock.advance(1);
    await settle();
    await end("b");
    expect(outcome).toEqual({});
    clock.advance(1_000);
    await settle();
    expect(outcome).toEqual({ ids: [taskId("a"), taskId("b")] });
  });

  test.each([
    ["is taken by somebody else", () => changed("a", "in_progress")],
    ["is cancelled", () => changed("a", "cancelled")],
    ["is removed", () => removals.fire([taskId("a")])],
  ])("is not waited for when it %s", async (_what, happens) => {
    starts = [started("a")];
    const outcome = await begin();
    await end("a", retryIn(1_000));
    expect(outcome).toEqual({});
    happens();
    await settle();
    expect(outcome).toEqual({ ids: [taskId("a")] });
  });

  test("is waited for whatever is said of it while it waits, and whatever happens to others", async () => {
    starts = [started("a")];
    const outcome = await begin();
    await end("a", retryIn(1_000));
    changed("a", "todo");
    changed("b", "done");
    removals.fire([taskId("b")]);
    await settle();
    expect(outcome).toEqual({});
  });

  test("is not asked about while others only tell how their work goes", async () => {
    starts = [started("a")];
    await begin();
    const before = asked;
    changed("a", "in_progress", "log");
    await settle();
    expect(asked).toBe(before);
    changed("a", "in_progress");
    await settle();
    expect(asked).toBe(before + 1);
    await end("a");
  });

  test("that waits for nothing, or has ended, is not waited for", async () => {
    starts = [started("a"), started("b")];
    const outcome = await begin();
    await end("a", { status: "todo" });
    await end("b", { status: "failed", notBefore: clock.now() + 1_000 });
    expect(outcome).toEqual({ ids: [taskId("a"), taskId("b")] });
  });
});

describe("an end from outside", () => {
  test("by the signal starts nothing more, and waits neither for retries nor for slots", async () => {
    const controller = new AbortController();
    starts = [started("a"), { kind: "busy" }];
    const outcome = await begin(controller.signal);
    controller.abort();
    starts = [started("b")];
    await end("a", { status: "todo", notBefore: clock.now() + 1_000 });
    expect([outcome, asked]).toEqual([{ ids: [taskId("a")] }, 2]);
  });

  test("before the beginning starts nothing", async () => {
    starts = [started("a")];
    expect(await begin(AbortSignal.abort())).toEqual({ ids: [] });
    expect(asked).toBe(0);
  });

  test("by the engine's end is no failure; any other failure is told when what runs has ended", async () => {
    starts = [started("a"), new TaskMasterError("CANCELLED", "closing")];
    const closing = await begin();
    await end("a");
    expect(closing).toEqual({ ids: [taskId("a")] });
    const full = new TaskMasterError("DISK_FULL", "no space");
    starts = [started("b"), full];
    const failing = await begin();
    expect(failing).toEqual({});
    await end("b");
    expect(failing).toEqual({ error: full });
  });

  test("leaves nobody listening", async () => {
    const controller = new AbortController();
    const listening: string[] = [];
    const of = (name: string) => () => {
      listening.push(name);
      return { dispose: () => void listening.splice(listening.indexOf(name), 1) };
    };
    await runAll({
      startNext: () => Promise.resolve({ kind: "nothing" }),
      onDidChange: of("changes"),
      onDidRemove: of("removals"),
      onDidEndRun: of("ends"),
      onDidChangeQueue: of("queue"),
      clock,
      timers: clock,
      signal: controller.signal,
    });
    expect(listening).toEqual([]);
  });
});

describe("what is repeated", () => {
  test("comes after each interval, never before the one before it has ended, until it is disposed", async () => {
    const rounds: PromiseWithResolvers<void>[] = [];
    const repeated = repeat(clock, 100, () => {
      rounds.push(Promise.withResolvers());
      return (rounds.at(-1) as PromiseWithResolvers<void>).promise;
    });
    clock.advance(99);
    expect(rounds).toHaveLength(0);
    clock.advance(1);
    clock.advance(500);
    expect(rounds).toHaveLength(1);
    rounds[0]?.resolve();
    await settle();
    clock.advance(100);
    expect(rounds).toHaveLength(2);
    repeated.dispose();
    rounds[1]?.resolve();
    await settle();
    expect(clock.pending).toBe(0);
  });

  test("is not begun any more when it is disposed before its time", () => {
    let rounds = 0;
    repeat(clock, 100, () => Promise.resolve(void rounds++)).dispose();
    clock.advance(1_000);
    expect([rounds, clock.pending]).toEqual([0, 0]);
  });
});
