import { describe, expect, it } from "vitest";
import { whatIsLeft } from "../../../src/model/leftover.ts";
import type { Task, TaskStatus } from "../../../src/model/task.ts";
import { taskWith } from "../views/taskFixture.ts";

const tasks = (...statuses: readonly TaskStatus[]): Task[] => statuses.map((status, index) => taskWith(`t${index}`, { status }));
const text = (...of: readonly Task[]): string => whatIsLeft(of, 100, (time) => `time ${time}`);

describe("what is left when nothing was run", () => {
  it("is counted by status", () => {
    expect(text(...tasks("failed", "failed", "blocked", "done"))).toBe("No task is ready: 1 blocked, 2 failed.");
    expect(text(...tasks("in_progress", "paused", "stopped", "cancelled"))).toBe("No task is ready: 1 running, 1 paused, 1 stopped, 1 cancelled.");
  });

  it("says until when it waits", () => {
    const one = taskWith("a", { notBefore: 300 });
    expect(text(one)).toBe("No task is ready: 1 waiting until time 300.");
    expect(text(one, taskWith("b", { notBefore: 200 }))).toBe("No task is ready: 2 waiting, the first until time 200.");
  });

  it("does not call ready what is not, nor the other way round", () => {
    expect(text(taskWith("a", { notBefore: 50 }))).toBe("No task was run: 1 ready.");
  });

  it("may be nothing", () => {
    expect(text()).toBe("The queue is empty.");
    expect(text(...tasks("done"))).toBe("No task is ready: the only one is done.");
    expect(text(...tasks("done", "done"))).toBe("No task is ready: all 2 are done.");
  });
});
