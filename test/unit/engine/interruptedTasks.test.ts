/** Which interrupted tasks go on by themselves, how many at a time, and which wait. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { InterruptedTasks, maxInterruptions } from "../../../src/engine/interruptedTasks.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Attempt, Task } from "../../../src/model/task.ts";
import { newAttempt, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let t: TestEngine;
let resumed: TaskId[];
let slots: number;
let failing: TaskId | undefined;
let interrupted: InterruptedTasks;
beforeEach(() => {
  t = new TestEngine();
  resumed = [];
  slots = 9;
  failing = undefined;
  interrupted = new InterruptedTasks(t.deps, {
    hasFreeSlot: () => slots > 0,
    resume: (id) => {
      resumed.push(id);
      slots--;
      return id === failing ? Promise.reject(new Error("taken")) : Promise.resolve();
    },
  });
});
afterEach(() => t.close());

const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
const attempt = (fields: Partial<Attempt> = {}): Attempt => newAttempt(newTask("a"), fields);

test("one that committed goes on, whatever the setting and however often it was interrupted", async () => {
  interrupted.add(taskId("a"), attempt({ steps: ["committed"], interruptions: 99 }));
  interrupted.add(taskId("b"), attempt({ steps: ["verified"] }));
  await settle();
  expect(resumed).toEqual([taskId("a")]);
});

test("any other goes on when the setting says so, until it was interrupted too often", async () => {
  t.world.settings = { ...t.world.settings, afterInterruption: "resume" };
  interrupted.add(taskId("a"), attempt());
  interrupted.add(taskId("b"), attempt({ interruptions: maxInterruptions }));
  interrupted.add(taskId("c"), attempt({ interruptions: maxInterruptions + 1 }));
  await settle();
  expect(resumed).toEqual([taskId("a"), taskId("b")]);
});

test("none goes on in a workspace that is not trusted", async () => {
  t.world.isTrusted = false;
  interrupted.add(taskId("a"), attempt({ steps: ["committed"] }));
  await settle();
  expect(resumed).toEqual([]);
});

test("they go on one after the other as there are slots, and one that cannot be taken up keeps the others from nothing", async () => {
  slots = 0;
  for (const name of ["a", "b", "c"]) interrupted.add(taskId(name), attempt({ steps: ["committed"] }));
  await settle();
  expect(resumed).toEqual([]);
  failing = taskId("a");
  slots = 2;
  interrupted.slotIsFree();
  await settle();
  expect(resumed).toEqual([taskId("a"), taskId("b")]);
  slots = 1;
  interrupted.slotIsFree();
  interrupted.slotIsFree();
  await settle();
  expect(resumed).toEqual([taskId("a"), taskId("b"), taskId("c")]);
});

test("what was committed and then left paused in good order is found; all else that is paused is not touched", async () => {
  const committed = { steps: ["committed"] } as const;
  const paused = async (name: string, of: Partial<Attempt>, task: Partial<Task> = {}): Promise<void> => {
    const row = newTask(name, { attempts: 1, ...task });
    await t.store.insert(row, []);
    await t.store.commit({ task: { ...row, status: "paused", ...task }, attempt: { ...newAttempt(row), ...of }, events: [] });
  };
  await paused("damaged", committed);
  await paused("a", committed);
  await paused("held", committed, { fence: 1, lease: { owner: "other", token: 1, expiresAt: t.clock.now() + 1_000 } });
  await paused("verified", { steps: ["verified"] });
  await paused("lost", { ...committed, outcome: "lost" });
  await paused("b", committed);
  await t.store.insert(newTask("todo"), []);
  t.database.prepare("UPDATE attempts SET body = '{' WHERE task_id = ?").run(taskId("damaged"));
  await interrupted.findCommitted();
  await settle();
  expect(resumed.toSorted()).toEqual([taskId("a"), taskId("b")]);
});
