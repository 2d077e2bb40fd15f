import { describe, expect, it } from "vitest";
import type { Task } from "../../../src/model/task.ts";
import { TaskTreeModel, type TreeNode } from "../../../src/views/taskTreeModel.ts";
import { taskWith } from "./taskFixture.ts";

const now = 10_000;
const asMap = (...tasks: readonly Task[]): Map<Task["id"], Task> => new Map(tasks.map((task) => [task.id, task]));
const names = (nodes: readonly TreeNode[]): readonly string[] => nodes.map((node) => (node.kind === "group" ? node.group : node.taskId.replace(/0+$/, "")));

function modelOf(...tasks: readonly Task[]): TaskTreeModel {
  const model = new TaskTreeModel();
  model.update(asMap(...tasks), now);
  return model;
}

describe("TaskTreeModel", () => {
  it("shows only groups that hold something, in their order", () => {
    const model = modelOf(
      taskWith("a", { status: "failed" }),
      taskWith("b"),
      taskWith("c", { status: "in_progress" }),
      taskWith("d", { status: "done" }),
      taskWith("e", { status: "done", integration: "merged" }),
      taskWith("f", { notBefore: now + 1 }),
      taskWith("g", { status: "in_progress", attention: { kind: "budget", message: "" } }),
      taskWith("h", { status: "cancelled" }),
    );
    expect(names(model.groups())).toEqual(["attention", "running", "ready", "scheduled", "review", "done", "failed"]);
    expect(names(model.tasksOf("failed"))).toEqual(["a", "h"]);
  });

  it("orders ready tasks by priority, deadline, age", () => {
    const model = modelOf(
      taskWith("a", { priority: "low" }),
      taskWith("b", { deadline: 9_000 }),
      taskWith("c"),
      taskWith("d", { createdAt: 500 }),
      taskWith("e", { priority: "critical" }),
    );
    expect(names(model.tasksOf("ready"))).toEqual(["e", "b", "d", "c", "a"]);
  });

  it("repaints one node when only its progress changed", () => {
    const running = taskWith("a", { status: "in_progress" });
    const model = modelOf(running, taskWith("b"));
    const repaint = model.update(asMap({ ...running, progress: { percent: 5, message: "" }, updatedAt: 2_000 }), now);
    expect(repaint).toEqual([{ kind: "task", taskId: running.id }]);
    expect(repaint[0]).toBe(model.taskNode(running.id));
  });

  it("repaints the two groups when a task moves between groups that stay", () => {
    const moving = taskWith("a");
    const model = modelOf(moving, taskWith("b"), taskWith("c", { status: "in_progress" }));
    const repaint = model.update(asMap({ ...moving, status: "in_progress" }), now);
    expect(repaint === "all" ? repaint : names(repaint)).toEqual(["ready", "running"]);
  });

  it("repaints everything when a group appears or vanishes", () => {
    const only = taskWith("a");
    const model = modelOf(only, taskWith("b", { status: "in_progress" }));
    expect(model.update(asMap({ ...only, status: "in_progress" }), now)).toBe("all");
    expect(model.update(asMap(taskWith("c")), now)).toBe("all");
  });

  it("moves a scheduled task when its time has come", () => {
    const scheduled = taskWith("a", { notBefore: now + 500 });
    const model = modelOf(scheduled, taskWith("b", { notBefore: now + 900 }));
    expect(model.nextWake()).toBe(now + 500);
    expect([...model.dueBy(now + 600).keys()]).toEqual([scheduled.id]);
    model.update(model.dueBy(now + 600), now + 600);
    expect(names(model.groups())).toEqual(["ready", "scheduled"]);
  });

  it("knows what finishing a task would make ready, and forgets tasks that are gone", () => {
    const [first, other] = [taskWith("a"), taskWith("o")];
    const second = taskWith("b", { status: "blocked", dependsOn: [first.id] });
    const model = modelOf(first, other, second, taskWith("c", { status: "blocked", dependsOn: [first.id, other.id] }));
    expect(model.unblockedBy(first.id).map((task) => task.title)).toEqual(["Task b"]);
    model.update(asMap({ ...other, status: "done" }), now);
    expect(model.unblockedBy(first.id).map((task) => task.title)).toEqual(["Task b", "Task c"]);
    model.update(asMap({ ...second, dependsOn: [] }), now);
    expect(model.unblockedBy(first.id).map((task) => task.title)).toEqual(["Task c"]);
    model.update(new Map([[first.id, undefined]]), now);
    expect(names(model.groups())).toEqual(["blocked", "review"]);
    expect(model.task(first.id)).toBeUndefined();
  });

  it("repaints the rows that a task blocks when it changes its status, its title or goes", () => {
    const first = taskWith("a", { status: "in_progress" });
    const second = taskWith("b", { status: "blocked", dependsOn: [first.id] });
    const model = modelOf(first, second, taskWith("o", { status: "in_progress" }), taskWith("f", { status: "failed" }));
    const repainted = (change: Task | undefined): readonly string[] => {
      const repaint = model.update(new Map([[first.id, change]]), now);
      return repaint === "all" ? [repaint] : names(repaint);
    };
    expect(repainted({ ...first, progress: { percent: 5, message: "" } })).toEqual(["a"]);
    expect(repainted({ ...first, title: "New" })).toEqual(["b", "a"]);
    expect(repainted({ ...first, title: "New", status: "failed" })).toEqual(["running", "failed", "b"]);
    expect(repainted(undefined)).toEqual(["failed", "b"]);
  });
});
