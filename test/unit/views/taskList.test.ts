import { describe, expect, it } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import type { TaskChange } from "../../../src/engine/facade.ts";
import type { Task } from "../../../src/model/task.ts";
import { TaskList } from "../../../src/views/taskList.ts";
import { changeOf, taskWith } from "./taskFixture.ts";

function source(tasks: readonly Task[]): { readonly changes: Emitter<readonly TaskChange[]>; readonly list: () => Promise<readonly Task[]> } {
  return { changes: new Emitter<readonly TaskChange[]>(), list: () => Promise.resolve(tasks) };
}
const change = (task: Task): TaskChange => changeOf(task, { type: "created" });

describe("TaskList", () => {
  it("lets a change that came before the first list win over the older row", async () => {
    const old = taskWith("a");
    const { changes, list } = source([old, taskWith("b")]);
    const tasks = new TaskList();
    const followed = tasks.follow({ onDidChange: changes.event, list });
    changes.fire([change({ ...old, status: "in_progress", version: 2 })]);
    await followed;
    expect(tasks.get(old.id)?.status).toBe("in_progress");
    expect(tasks.size).toBe(2);
  });

  it("shows an action as pending until it is over or the status changes", async () => {
    const task = taskWith("a", { status: "in_progress" });
    const { changes, list } = source([task]);
    const heard: string[] = [];
    const tasks = new TaskList((id) => heard.push(id));
    await tasks.follow({ onDidChange: changes.event, list });
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
    const { changes, list } = source([task]);
    const tasks = new TaskList();
    await tasks.follow({ onDidChange: changes.event, list });
    const gone: string[][] = [];
    tasks.onDidChange((ids) => gone.push([...ids]));
    await tasks.follow(undefined);
    changes.fire([change({ ...task, version: 9 })]);
    expect(tasks.size).toBe(0);
    expect(gone).toEqual([[task.id]]);
  });
});
