/**
 * The state machine against a model that is written down a second time, from the table of statuses alone: ten thousand
 * random lives of a task, each a hundred commands long. fast-check prints the seed of a life that goes wrong.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as machine from "../../../src/engine/taskMachine.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task, TaskResult, TaskStatus } from "../../../src/model/task.ts";
import { newTask } from "../../contract/taskStoreFixtures.ts";

const runs = 10_000;
const commandsPerRun = 100;

const commands = ["claim", "pause", "resume", "takeOver", "stop", "complete", "fail", "failForGood", "lose", "start", "requeue", "followUp", "cancel"] as const;
type Command = (typeof commands)[number];

/** What a task is, as far as the table says. */
interface Model {
  status: TaskStatus;
  isLeased: boolean;
  fence: number;
  attempts: number;
  isDelayed: boolean;
}

type Rule = (model: Model) => Partial<Model> | undefined;

const newLease = ({ fence }: Model): Partial<Model> => ({ isLeased: true, fence: fence + 1 });
const free = { isLeased: false } as const;
const from =
  (statuses: readonly TaskStatus[], change: (model: Model) => Partial<Model>): Rule =>
  (model) =>
    statuses.includes(model.status) ? change(model) : undefined;

/** product.md's table; undefined means illegal. */
const rules: { readonly [C in Command]: Rule } = {
  claim: from(["todo"], (model) => ({ ...newLease(model), status: "in_progress", attempts: model.attempts + 1, isDelayed: false })),
  pause: from(["in_progress"], () => ({ status: "paused" })),
  resume: from(["paused"], () => ({ status: "in_progress" })),
  takeOver: from(["paused"], (model) => ({ ...newLease(model), status: "in_progress" })),
  stop: from(["in_progress", "paused"], () => ({ ...free, status: "stopped" })),
  complete: from(["in_progress"], () => ({ ...free, status: "done" })),
  fail: from(["in_progress", "paused"], () => ({ ...free, status: "todo", isDelayed: true })),
  failForGood: from(["in_progress", "paused"], () => ({ ...free, status: "failed" })),
  lose: from(["in_progress", "paused"], () => ({ ...free, status: "paused" })),
  start: from(["stopped"], () => ({ ...free, status: "todo", isDelayed: false })),
  requeue: from(["stopped", "failed", "cancelled"], () => ({ ...free, status: "todo", isDelayed: false })),
  followUp: from(["done", "failed", "stopped", "cancelled"], () => ({ ...free, status: "todo", isDelayed: false })),
  cancel: from(["todo", "blocked", "in_progress", "paused", "stopped", "failed"], () => ({ ...free, status: "cancelled", isDelayed: false })),
};

const lease = (now: number): { owner: string; expiresAt: number } => ({ owner: "me", expiresAt: now + 30_000 });
const result: TaskResult = { output: "", metrics: { startedAt: 0, endedAt: 0, durationMs: 0 }, artifacts: [] };

const performers: { readonly [C in Command]: (task: Task, now: number) => Task } = {
  claim: (task, now) => machine.claim(task, lease(now), now),
  pause: machine.pause,
  resume: machine.resume,
  takeOver: (task, now) => machine.takeOver(task, lease(now), now),
  stop: machine.stop,
  complete: (task, now) => machine.complete(task, result, now),
  fail: (task, now) => machine.fail(task, result, { now, retry: { at: now + 5_000, isFree: false } }),
  failForGood: (task, now) => machine.fail(task, result, { now }),
  lose: machine.lose,
  start: machine.start,
  requeue: machine.requeue,
  followUp: machine.followUp,
  cancel: machine.cancel,
};

const seen = (task: Task): Model => ({
  status: task.status,
  isLeased: task.lease !== undefined,
  fence: task.fence,
  attempts: task.attempts,
  isDelayed: task.notBefore !== undefined,
});

/** Plain comparison: an `expect` for each of a million steps would take minutes. */
function assertSame(task: Task, model: Model, command: Command): void {
  const actual = seen(task);
  const same = (Object.keys(model) as (keyof Model)[]).every((key) => actual[key] === model[key]);
  if (!same) throw new Error(`after ${command}: ${JSON.stringify(actual)} instead of ${JSON.stringify(model)}`);
  if (task.lease !== undefined && task.lease.token !== task.fence) throw new Error(`after ${command}: a lease with an old token`);
}

function live(life: readonly Command[]): void {
  let task = newTask("a");
  const model = seen(task);
  for (const [index, command] of life.entries()) {
    const change = rules[command](model);
    const before = JSON.stringify(task);
    try {
      task = performers[command](task, 10_000 + index);
      if (change === undefined) throw new Error(`${command} was let through in ${model.status}`);
      Object.assign(model, change);
    } catch (error) {
      if (change !== undefined || !(error instanceof TaskMasterError) || error.code !== "ILLEGAL_TRANSITION") throw error;
    }
    if (change === undefined && JSON.stringify(task) !== before) throw new Error(`${command} changed the task although it is illegal`);
    assertSame(task, model, command);
  }
}

test(`${runs} lives of ${commandsPerRun} commands go as the model says`, { timeout: 60_000 }, () => {
  const life = fc.array(fc.constantFrom(...commands), { minLength: commandsPerRun, maxLength: commandsPerRun });
  expect(() => fc.assert(fc.property(life, live), { numRuns: runs })).not.toThrow();
});
