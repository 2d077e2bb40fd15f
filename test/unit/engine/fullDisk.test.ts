// The queue cannot be written for a while: what a run has to record is kept, and recorded as soon as it can be.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { breakerName, maxFailuresInRow } from "../../../src/engine/circuitBreaker.ts";
import { storeRetryMs } from "../../../src/engine/storeRetry.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let test: TestEngine;
let isFull: boolean;
let refused: number;

beforeEach(() => {
  test = new TestEngine();
  [isFull, refused] = [false, 0];
  for (const verb of ["commit", "append", "renewLease"] as const) {
    const write = test.store[verb].bind(test.store) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(test.store, {
      [verb]: (...args: unknown[]) => {
        if (!isFull) return write(...args);
        refused += 1;
        return Promise.reject(new TaskMasterError("DISK_FULL", "The disk is full.", { retryable: true }));
      },
    });
  }
});
afterEach(async () => {
  isFull = false;
  await test.close();
});

/** Goes on trying while the disk is full, then once more with room. */
async function makeRoomAfter(tries: number): Promise<void> {
  const tried = (times: number): Promise<boolean> => waitFor(() => refused >= times, { what: `try ${times}` });
  for (let times = refused + 1; times <= tries; times += 1) {
    test.clock.advance(storeRetryMs);
    await tried(times);
  }
  isFull = false;
  test.clock.advance(storeRetryMs);
}

const stored = (task: Task): Promise<Task> => test.engine.get(task.id);

describe("a full disk", () => {
  it("at the acknowledgement: the work is committed, and done as soon as there is room, once", async () => {
    const task = await test.add("a");
    test.world.git.cleanup = () => {
      isFull = true;
      return Promise.resolve({});
    };
    const run = await test.engine.run(task.id);
    await waitFor(() => refused > 0, { what: "the refusal" });
    expect((await stored(task)).status).toBe("in_progress");
    await makeRoomAfter(4);
    expect((await run.finished).status).toBe("done");
    expect(test.world.gitCalls.filter((verb) => verb === "commitAndPush")).toHaveLength(1);
    expect(test.published(task).filter((type) => type === "completed")).toHaveLength(1);
    expect(test.world.logged.filter((line) => line.includes("trying again"))).toHaveLength(1);
  });

  it("at a step: the run waits there and goes on, the agent is not run again", async () => {
    const task = await test.add("a");
    test.world.onTurn = (turn) => {
      isFull = true;
      turn.finish();
    };
    const run = await test.engine.run(task.id);
    await waitFor(() => refused > 0, { what: "the refusal" });
    expect(test.world.gitCalls).not.toContain("commitAndPush");
    await makeRoomAfter(3);
    expect((await run.finished).status).toBe("done");
    expect(test.world.turns).toHaveLength(1);
  });

  it("while the agent speaks: the run is held, its place is kept, and that is recorded as soon as there is room", async () => {
    const task = await test.add("a");
    test.world.onTurn = () => undefined;
    const run = await test.engine.run(task.id);
    const turn = await test.turn();
    isFull = true;
    turn.observer.onEvents?.([{ type: "log", level: "info", message: "working" }]);
    await waitFor(() => refused > 1, { what: "the refusal of the end" });
    await makeRoomAfter(3);
    expect((await run.finished).status).toBe("paused");
    test.world.onTurn = (next) => next.finish();
    await test.engine.resume(task.id);
    await waitFor(async () => (await stored(task)).status === "done", { what: "the resumed run" });
  });

  it("at the end of the process: nothing is waited for, and nothing ends done that was not recorded", async () => {
    const task = await test.add("a");
    test.world.git.cleanup = () => {
      isFull = true;
      return Promise.resolve({});
    };
    const run = await test.engine.run(task.id);
    await waitFor(() => refused > 0, { what: "the refusal" });
    await test.engine.stopEngine();
    await run.finished;
    expect((await stored(task)).status).toBe("in_progress");
  });

  it("at the record of a failure: for the queue the attempt has failed once, however often its end is written", async () => {
    const task = await test.add("a", { maxAttempts: 1 });
    test.world.onTurn = (turn) => turn.fail(new TaskMasterError("GOOSE_PROTOCOL", "broken", { retryable: true }));
    test.world.git.cleanup = () => {
      isFull = true;
      return Promise.resolve({});
    };
    const run = await test.engine.run(task.id);
    await waitFor(() => refused > 0, { what: "the refusal" });
    await makeRoomAfter(maxFailuresInRow + 1);
    expect((await run.finished).status).toBe("failed");
    expect(await test.engine.queueStatus()).toEqual({ limits: [] });
    expect(test.world.logged.filter((line) => line === "info: an attempt failed")).toHaveLength(1);
    expect((await test.store.states()).get(breakerName)).toMatchObject({ failures: [{ taskId: task.id, attempt: 1 }] });
  });

  it("does not hide other failures: a lost queue is not waited for", async () => {
    const task = await test.add("a");
    test.world.git.cleanup = async () => {
      await test.store.close();
      return {};
    };
    const run = await test.engine.run(task.id);
    await run.finished;
    expect(test.world.logged.some((line) => line.startsWith("error: the run could not be recorded"))).toBe(true);
  });
});
