/** What must hold for every choice, on many random queues, and for "today" in zones with and without daylight saving. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { makeTask } from "../../../src/engine/newTask.ts";
import { compareUrgency, deadlineBoost, endOfLocalDay, isEligible, score, selectTask } from "../../../src/engine/selectTask.ts";
import { priorities, type Task } from "../../../src/model/task.ts";

const now = new Date(2026, 0, 15, 12).getTime();
const hour = 3_600_000;

/** A small generator with a seed, so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const deadlines = [undefined, now - 30 * hour, now - 1, now, now + 1, endOfLocalDay(now), endOfLocalDay(now) + 1, now + 72 * hour, now + 72 * hour + 1];

function randomTasks(seed: number, count: number): Task[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: count }, () => {
    const deadline = pick(deadlines);
    return {
      ...makeTask({ title: "t" }, { now, random, repository: "/r", maxAttempts: 3 }),
      priority: pick(priorities),
      createdAt: now - pick([0, 1, 2]),
      tags: pick([[], ["a"], ["b"], ["a", "b"]]),
      ...(deadline === undefined ? {} : { deadline }),
      ...(random() < 0.2 ? { notBefore: now + pick([-1, 0, 1]) } : {}),
      ...(random() < 0.1 ? { agent: "careful" } : {}),
    };
  });
}

const seeds = Array.from({ length: 100 }, (_, index) => index + 1);

describe("order of urgency", () => {
  test.each(seeds)("is total, the same for every arrangement, and follows score, deadline, weight, age and id (seed %d)", (seed) => {
    const tasks = randomTasks(seed, 40);
    const sorted = tasks.toSorted((a, b) => compareUrgency(a, b, now));
    const random = randomFrom(seed + 1_000);
    const shuffled = tasks.map((task) => [random(), task] as const).sort(([a], [b]) => a - b);
    expect(shuffled.map(([, task]) => task).sort((a, b) => compareUrgency(a, b, now))).toEqual(sorted);
    for (const [index, task] of sorted.entries()) {
      const next = sorted[index + 1];
      if (next === undefined) continue;
      expect(compareUrgency(task, next, now)).toBeLessThan(0);
      expect(compareUrgency(next, task, now)).toBeGreaterThan(0);
      const keys = (each: Task): readonly (number | string)[] => [
        -score(each, now),
        each.deadline ?? Infinity,
        priorities.indexOf(each.priority),
        each.createdAt,
        each.id,
      ];
      const [mine, theirs] = [keys(task), keys(next)];
      const first = mine.findIndex((key, position) => key !== theirs[position]);
      expect((mine[first] as number) < (theirs[first] as number)).toBe(true);
    }
  });

  test.each(seeds)("the choice is the first of those that may start (seed %d)", (seed) => {
    const tasks = randomTasks(seed, 40);
    for (const criteria of [{}, { requireTags: ["a"] }, { minPriority: "high" }, { maxPriority: "medium", exceptAgents: [""] }] as const) {
      const chosen = selectTask(tasks, now, criteria);
      const eligible = tasks.filter((task) => isEligible(task, now, criteria));
      expect(eligible.every((task) => task === chosen || compareUrgency(chosen as Task, task, now) < 0)).toBe(true);
      expect(chosen === undefined).toBe(eligible.length === 0);
    }
  });

  test("an earlier deadline never counts less", () => {
    const boosts = deadlines.filter((deadline) => deadline !== undefined).map((deadline) => deadlineBoost(deadline, now));
    expect(boosts).toEqual([10, 10, 5, 5, 5, 2, 2, 1]);
  });
});

describe("today", () => {
  const run = promisify(execFile);
  const script = path.join(import.meta.dirname, "fixtures/childLocalDays.ts");

  // The zone belongs to the process, so each has one of its own.
  test.each([
    ["UTC", [24]],
    ["Europe/Berlin", [23, 24, 25]],
    ["America/New_York", [23, 24, 25]],
    ["America/Santiago", [23, 24, 25]], // the clock is put on at midnight: a day without its first hour
    ["Australia/Lord_Howe", [23.5, 24, 24.5]],
    ["Australia/Eucla", [24]],
    ["Pacific/Kiritimati", [24]],
  ])("in %s ends with the local day, whose hours are %j", async (zone, lengths) => {
    const { stdout } = await run(process.execPath, [script], { env: { ...process.env, TZ: zone } });
    expect(JSON.parse(stdout)).toEqual({ zone, problems: [], lengths });
  });
});
