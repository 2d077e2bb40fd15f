import { describe, expect, it } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import type { TaskChange } from "../../../src/engine/facade.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task } from "../../../src/model/task.ts";
import { TaskList, type TaskSource } from "../../../src/views/taskList.ts";
import { changeOf, taskWith } from "./taskFixture.ts";

function source(tasks: readonly Task[]): TaskSource & { readonly changes: Emitter<readonly TaskChange[]>; readonly removals: Emitter<readonly TaskId[]> } {
  const [changes, removals] = [new Emitter<readonly TaskChange[]>(), new Emitter<readonly TaskId[]>()];
  return { changes, removals, onDidChange: changes.event, onDidRemove: removals.event, list: () => Promise.resolve(tasks) };
}
const change = (task: Task): TaskChange => changeOf(task, { type: "created" });

describe("TaskList", () => {
  it("lets a change that came before the first list win over the older row", async () => {
    const old = taskWith("a");
    const queue = source([old, taskWith("b")]);
    const tasks = new TaskList();
    const followed = tasks.follow(queue);
    queue.changes.fire([change({ ...old, status: "in_progress", version: 2 })]);
    await followed;
    expect(tasks.get(old.id)?.status).toBe("in_progress");
    expect(tasks.size).toBe(2);
  });

  it("shows an action as pending until it is over or the status changes", async () => {
    const task = taskWith("a", { status: "in_progress" });
    const queue = source([task]);
    const { changes } = queue;
    const heard: string[] = [];
    const tasks = new TaskList((id) => heard.push(id));
    await tasks.follow(queue);
    const underWay = tasks.begin(task.id, "pause");
    expect(tasks.pendingAction(task.id)).toBe("pause");
    changes.fire([change({ ...task, status: "paused", version: 2 })]);
    expect(tasks.pendingAction(task.id)).toBeUndefined();
    underWay.dispose();
    expect(heard).toEqual([task.id]);
    tasks.begin(task.id, "resume").dispose();
    expect(tasks.pendingAction(task.id)).toBeUndefined();
  });

  it("empties when the engine goes away and hears nothing of it any more", async () => {
    const task = taskWith("a");
    const queue = source([task]);
    const tasks = new TaskList();
    await tasks.follow(queue);
    const gone: string[][] = [];
    tasks.onDidChange((ids) => gone.push([...ids]));
    await tasks.follow(undefined);
    queue.changes.fire([change({ ...task, version: 9 })]);
    queue.removals.fire([task.id]);
    expect(tasks.size).toBe(0);
    expect(gone).toEqual([[task.id]]);
  });

  it("forgets a removed task, and no older list or late change brings it back", async () => {
    const [task, other] = [taskWith("a"), taskWith("b")];
    const queue = source([task, other]);
    const tasks = new TaskList();
    const followed = tasks.follow(queue);
    queue.removals.fire([task.id]);
    await followed;
    queue.changes.fire([change({ ...task, version: 2 })]);
    expect(tasks.all()).toEqual([other]);
    const gone: string[][] = [];
    tasks.onDidChange((ids) => gone.push([...ids]));
    queue.removals.fire([other.id]);
    expect([tasks.size, gone]).toEqual([0, [[other.id]]]);
  });
});
