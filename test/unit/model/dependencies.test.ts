import { describe, expect, it, test } from "vitest";
import { blockersOf, blockerState, canBeRetried, cycleError, findCycle, isStuck, unblockedBy } from "../../../src/model/dependencies.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task } from "../../../src/model/task.ts";
import { taskWith } from "../views/taskFixture.ts";

const id = (name: string): TaskId => name.padEnd(8, "0") as TaskId;
const finder =
  (...tasks: readonly Task[]) =>
  (wanted: TaskId): Task | undefined =>
    tasks.find((task) => task.id === wanted);

describe("findCycle", () => {
  const edges = (graph: Readonly<Record<string, string>>): ((from: TaskId) => readonly TaskId[]) => {
    const ids = new Map(Object.entries(graph).map(([from, to]) => [id(from), to.split(" ").map(id)]));
    return (from) => ids.get(from) ?? [];
  };

  it.each([
    ["itself", "a", {}, "a a"],
    ["two", "b", { b: "a" }, "a b a"],
    ["three", "b", { b: "c", c: "a" }, "a b c a"],
    ["the shortest of several ways", "b x", { b: "c", c: "d", d: "a", x: "a" }, "a x a"],
    ["a way behind a diamond", "b c", { b: "d", c: "d", d: "e", e: "a" }, "a b d e a"],
  ] as const)("names the way round over %s", (_what, dependsOn, graph, way) => {
    expect(findCycle(id("a"), dependsOn.split(" ").map(id), edges(graph))).toEqual(way.split(" ").map(id));
  });

  it("finds none in a diamond, with missing tasks, and where others go in circles", () => {
    expect(findCycle(id("a"), [id("b"), id("c")], edges({ b: "d", c: "d" }))).toBeUndefined();
    expect(findCycle(id("a"), [id("gone")], edges({}))).toBeUndefined();
    expect(findCycle(id("a"), [id("b")], edges({ b: "c", c: "b" }))).toBeUndefined();
    expect(findCycle(id("a"), [], edges({ b: "a" }))).toBeUndefined();
  });

  it("walks a chain of 100,000 tasks", () => {
    const chain = (from: TaskId): readonly TaskId[] =>
      Number(from) < 100_000 ? [String(Number(from) + 1).padStart(8, "0") as TaskId] : ["00000001" as TaskId];
    expect(findCycle("00000001" as TaskId, ["00000002" as TaskId], chain)).toHaveLength(100_001);
  });

  it("is told by id and title", () => {
    const error = cycleError([id("a"), id("b"), id("a")], (each) => (each === id("a") ? "A".repeat(100) : undefined));
    expect(error.code).toBe("DEPENDENCY_CYCLE");
    expect(error.message).toContain(`a0000000 "${"A".repeat(59)}…" -> b0000000 -> a0000000 "`);
  });
});

describe("blockers", () => {
  test.each([
    ["todo", "waiting", undefined, "ready"],
    ["blocked", "waiting", undefined, "blocked"],
    ["in_progress", "waiting", undefined, "running"],
    ["paused", "waiting", "resume", "paused: resume it"],
    ["stopped", "stopped", "start", "stopped: start it again"],
    ["failed", "failed", "retry", "failed: retry it"],
    ["cancelled", "cancelled", "retry", "cancelled: retry it"],
  ] as const)("a dependency that is %s: %s", (status, reason, wayOut, words) => {
    const dependency = taskWith("a", { status });
    const [blocker] = blockersOf({ dependsOn: [dependency.id] }, finder(dependency));
    expect(blocker).toEqual({ id: dependency.id, title: "Task a", status, reason, ...(wayOut === undefined ? {} : { wayOut }) });
    if (blocker === undefined) return;
    expect(blockerState(blocker)).toBe(words);
    expect(isStuck(blocker)).toBe(reason !== "waiting");
    expect(canBeRetried(blocker)).toBe(reason !== "waiting");
  });

  test("a missing one can only be dropped, a done one is none", () => {
    const blockers = blockersOf({ dependsOn: [id("z"), id("a")] }, finder(taskWith("a", { status: "done" })));
    expect(blockers).toEqual([{ id: id("z"), reason: "missing", wayOut: "drop" }]);
    expect(blockers.map((blocker) => blockerState(blocker))).toEqual(["removed: drop the dependency"]);
    expect(blockers.map((blocker) => [isStuck(blocker), canBeRetried(blocker)])).toEqual([[true, false]]);
  });
});

test("finishing a task would unblock those that wait for it alone", () => {
  const [a, other] = [taskWith("a"), taskWith("o", { status: "failed" })];
  const waiting = (name: string, on: readonly string[], fields: Partial<Task> = {}): Task =>
    taskWith(name, { status: "blocked", dependsOn: on.map(id), ...fields });
  const dependants = [
    waiting("b", ["a"]),
    waiting("c", ["a", "o"]),
    waiting("d", ["a", "gone"]),
    waiting("e", ["a"], { status: "cancelled" }),
    waiting("f", ["a", "x"]),
  ];
  const find = finder(a, other, taskWith("x", { status: "done" }), ...dependants);
  expect(unblockedBy(a.id, dependants, find).map((task) => task.id)).toEqual([id("b"), id("f")]);
});
