import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Task } from "../../../src/model/task.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { ManualClock } from "../../helpers/manualClock.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let folder: TempDir;
let clock: ManualClock;
let engines: TestEngine[];
beforeEach(() => {
  folder = createTempDir("lease-");
  clock = new ManualClock();
  engines = [];
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  folder.dispose();
});

function open(owner: string): TestEngine {
  const engine = new TestEngine({ database: `${folder.dir}/queue.db`, clock, owner });
  engine.world.goneOwners = ["dead"];
  engines.push(engine);
  return engine;
}

/** A task whose owner has ended and left this request behind. */
async function orphan(engine: TestEngine, request: "stop" | "cancel"): Promise<Task> {
  const row = await engine.add("write");
  const lease = { owner: "dead", token: 1, expiresAt: clock.now() + 60_000 };
  await engine.store.commit({ task: { ...row, status: "in_progress", attempts: 1, fence: 1, lease, request }, events: [] });
  return row;
}

describe("several processes find the same task without an owner", () => {
  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("all of them start, and the left request to %s is carried out once", async (request, status) => {
    const all = ["one", "two", "three"].map(open);
    const task = await orphan(all[0] as TestEngine, request);
    await Promise.all(all.map(({ engine }) => engine.start()));
    const events = await (all[0] as TestEngine).engine.events(task.id, { limit: 100 });
    expect(events.map(({ type }) => type)).toEqual(["created", status]);
  });

  test("a task that another process takes meanwhile is not ended under its hands", async () => {
    const [one, two] = [open("one"), open("two")] as const;
    two.world.onTurn = () => undefined;
    const task = await one.add("write");
    // The second claims between the first's look at the task and its write.
    const attempts = one.store.attempts.bind(one.store);
    one.store.attempts = async (id) => {
      one.store.attempts = attempts;
      const read = await attempts(id);
      await two.engine.run(id);
      return read;
    };
    await expect(one.engine.cancel(task.id)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
    expect(await one.engine.get(task.id)).toMatchObject({ status: "in_progress", lease: { owner: "two" } });
  });
});
