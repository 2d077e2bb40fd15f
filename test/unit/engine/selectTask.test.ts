import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  candidatesPerPriority,
  checkCriteria,
  compareUrgency,
  deadlineBoost,
  endOfLocalDay,
  isEligible,
  score,
  selectTask,
} from "../../../src/engine/selectTask.ts";
import { makeTask } from "../../../src/engine/newTask.ts";
import type { TaskMasterError } from "../../../src/model/errors.ts";
import { priorities, type Priority, type Task } from "../../../src/model/task.ts";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";

const now = new Date(2026, 0, 15, 12).getTime();
const hour = 3_600_000;
let counter = 0;

function task(fields: Partial<Task> = {}): Task {
  return { ...makeTask({ title: `t${++counter}` }, { now, random: Math.random, repository: "/r", maxAttempts: 1 }), ...fields };
}

describe("score", () => {
  test.each([
    ["critical", undefined, 1000],
    ["high", undefined, 100],
    ["medium", undefined, 10],
    ["low", undefined, 1],
    ["low", now - 1, 10],
    ["medium", endOfLocalDay(now), 50],
    ["high", now + 40 * hour, 200],
    ["high", now + 80 * hour, 100],
  ] as const)("%s due %s scores %d", (priority, deadline, expected) => {
    expect(score(task({ priority, ...(deadline === undefined ? {} : { deadline }) }), now)).toBe(expected);
  });

  test("today ends with the local day", () => {
    expect(deadlineBoost(endOfLocalDay(now), now)).toBe(5);
    expect(deadlineBoost(endOfLocalDay(now) + 1, now)).toBe(2);
  });
});

describe("ties", () => {
  test("an overdue low task goes before a medium one without a deadline: the deadline decides", () => {
    const low = task({ priority: "low", deadline: now - 1 });
    const medium = task({ priority: "medium" });
    expect(selectTask([medium, low], now)).toBe(low);
  });

  test("same score and deadline: the heavier priority, then the older, then the id", () => {
    const older = task({ createdAt: now - 2 });
    const younger = task({ createdAt: now - 1 });
    expect(compareUrgency(older, younger, now)).toBeLessThan(0);
    const a = task({ id: "00000001" as Task["id"] });
    const b = task({ id: "00000002" as Task["id"] });
    expect(compareUrgency(a, b, now)).toBeLessThan(0);
  });
});

test("only ready tasks that have the wanted tags are chosen", () => {
  const stopped = task({ status: "stopped", priority: "critical" });
  const later = task({ notBefore: now + 1, priority: "critical" });
  const untagged = task({ priority: "critical" });
  const tagged = task({ tags: ["night"] });
  expect(selectTask([stopped, later, untagged, tagged], now, { requireTags: ["night"] })).toBe(tagged);
  expect(selectTask([stopped, later], now)).toBeUndefined();
});

test("a task is eligible when nothing that it depends on is open, whatever its row says", () => {
  for (const status of ["todo", "blocked"] as const) {
    expect(isEligible(task({ status }), now)).toBe(true);
    expect(isEligible(task({ status }), now, {}, [task().id])).toBe(false);
  }
  for (const status of ["in_progress", "paused", "stopped", "done", "failed", "cancelled"] as const) expect(isEligible(task({ status }), now)).toBe(false);
});

describe("the head of the line", () => {
  const fields = fc.record({
    priority: fc.constantFrom(...priorities),
    deadline: fc.option(fc.integer({ min: -10, max: 100 }), { nil: undefined }),
    createdAt: fc.integer({ min: 1, max: 3 }),
  });

  test("holds the most urgent of all tasks, whatever the mix", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fields, { maxLength: 30 }), async (mix) => {
        const store = new SqliteTaskStore(openDatabase(":memory:"));
        const tasks = mix.map(({ deadline, ...rest }) => task({ ...rest, ...(deadline === undefined ? {} : { deadline: now + deadline * hour }) }));
        for (const each of tasks) await store.insert(each, []);
        const heads = await store.candidates(now, candidatesPerPriority({}));
        expect(heads.length).toBeLessThanOrEqual(priorities.length);
        expect(selectTask(heads, now)).toEqual(selectTask(tasks, now));
        await store.close();
      }),
    );
  });
});

describe("criteria by which no task could ever be chosen are refused", () => {
  test.each([
    { minPriority: "urgent" as Priority },
    { maxPriority: "urgent" as Priority },
    { minPriority: "high", maxPriority: "low" },
    { requireTags: ["night", " "] },
    { limit: 0 },
    { limit: 1.5 },
    { limit: 1_001 },
    { limit: Number.NaN },
  ] as const)("%j", (criteria) => {
    expect(() => checkCriteria(criteria)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }) as TaskMasterError);
  });

  test.each([{}, { minPriority: "low", maxPriority: "low" }, { requireTags: ["night"] }, { limit: 1 }, { limit: 1_000 }] as const)(
    "%j is taken",
    (criteria) => {
      expect(() => checkCriteria(criteria)).not.toThrow();
    },
  );
});

test("priorities outside the limits and agents at theirs are left out, each by itself", () => {
  const [low, high] = [task({ priority: "low" }), task({ priority: "high", agent: "big" })];
  expect(isEligible(low, now, { minPriority: "medium" })).toBe(false);
  expect(isEligible(high, now, { maxPriority: "medium" })).toBe(false);
  expect(isEligible(high, now, { exceptAgents: ["big"] })).toBe(false);
  expect(isEligible(low, now, { exceptAgents: ["big"] })).toBe(true);
  expect(isEligible(low, now, { exceptAgents: [""] })).toBe(false);
});

test("the limit of candidates is shared by the priorities that count", () => {
  expect(candidatesPerPriority({ limit: 100 })).toBe(25);
  expect(candidatesPerPriority({ limit: 100, minPriority: "high" })).toBe(50);
  expect(candidatesPerPriority({ limit: 2 })).toBe(1);
});

test("a deadline counts to its last moment, and no longer", () => {
  expect([deadlineBoost(now - 1, now), deadlineBoost(now, now)]).toEqual([10, 5]);
  expect([deadlineBoost(now + 72 * hour, now), deadlineBoost(now + 72 * hour + 1, now)]).toEqual([2, 1]);
  expect(endOfLocalDay(now)).toBe(new Date(2026, 0, 15, 23, 59, 59, 999).getTime());
});
