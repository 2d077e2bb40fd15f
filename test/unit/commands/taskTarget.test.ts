import { describe, expect, it } from "vitest";
import { summarizeRuns } from "../../../src/commands/runSummary.ts";
import { dependencyChange, dependencyChoices } from "../../../src/commands/dependencyChoices.ts";
import { removalDetail } from "../../../src/commands/removalDetail.ts";
import { readTarget, tasksFor } from "../../../src/commands/taskTarget.ts";
import { titleProblem } from "../../../src/commands/titleProblem.ts";
import type { Task } from "../../../src/model/task.ts";
import { taskWith } from "../views/taskFixture.ts";

describe("readTarget", () => {
  it("takes an id and a node of the tree", () => {
    expect(readTarget("abcdefgh")).toBe("abcdefgh");
    expect(readTarget({ kind: "task", taskId: "abcdefgh" })).toBe("abcdefgh");
  });

  it.each([undefined, null, 5, "", "short", "../../etc", { taskId: 7 }, { taskId: "no id" }, [], { kind: "group", group: "ready" }])("refuses %o", (target) =>
    expect(readTarget(target)).toBeUndefined(),
  );
});

describe("tasksFor", () => {
  const tasks = [taskWith("a", { updatedAt: 1 }), taskWith("b", { status: "in_progress" }), taskWith("c", { updatedAt: 5 }), taskWith("d", { status: "done" })];

  it("offers only tasks that allow the action, the newest change first", () => {
    expect(tasksFor("run", tasks).map((task) => task.title)).toEqual(["Task c", "Task a"]);
    expect(tasksFor("resume", tasks)).toEqual([]);
    expect(tasksFor("open", tasks)).toHaveLength(4);
    expect(tasksFor("remove", tasks).map((task) => task.title)).toEqual(["Task d", "Task c", "Task a"]);
  });

  it("offers for dependencies only tasks that can be given others, or have one that is in the way", () => {
    const titles = (...args: Parameters<typeof tasksFor>): string[] => tasksFor(...args).map((task) => task.title);
    expect(titles("depends", tasks)).toEqual(["Task c", "Task a"]);
    const blocked = (id: string, on: string): Task => taskWith(id, { status: "blocked", dependsOn: [taskWith(on).id] });
    const queue = [...tasks, taskWith("f", { status: "failed" }), blocked("w", "b"), blocked("x", "f"), blocked("y", "z")];
    expect(titles("retryDependency", queue)).toEqual(["Task x"]);
    expect(titles("dropDependency", queue)).toEqual(["Task x", "Task y"]);
  });
});

describe("editing dependencies", () => {
  const task = taskWith("a", { dependsOn: [taskWith("b").id, taskWith("z").id] });
  const tasks = [task, taskWith("b", { title: "Old $(x)", createdAt: 1 }), taskWith("c", { createdAt: 2 }), taskWith("d", { createdAt: 3, status: "done" })];

  it("offers the present ones first, missing ones too, and never the task itself", () => {
    expect(dependencyChoices(task, tasks).map(({ label, description, isPicked }) => [label, description, isPicked])).toEqual([
      ["Old $ (x)", "ready, b0000000", true],
      ["a removed task (z0000000)", "removed", true],
      ["Task d", "done, d0000000", false],
      ["Task c", "ready, c0000000", false],
    ]);
  });

  it("asks only for what the user changed", () => {
    expect(dependencyChange(task, [taskWith("b").id, taskWith("c").id])).toEqual({ add: [taskWith("c").id], drop: [taskWith("z").id] });
  });
});

describe("removalDetail", () => {
  it("tells what goes, what stays and who depends on it", () => {
    const task = taskWith("a", { branch: "tm/1" });
    expect(removalDetail(taskWith("a"), [])).toBe("The task, its attempts and what Goose said in them are deleted; this cannot be undone.");
    const dependants = ["b", "c", "d", "e", "f", "g"].map((id) => taskWith(id, { status: "blocked", dependsOn: [task.id] }));
    expect(removalDetail(task, [...dependants, taskWith("h", { status: "done", dependsOn: [task.id] })])).toMatch(
      /Its branch tm\/1 stays .*: "Task b", "Task c", "Task d", "Task e", "Task f" and 1 more\.$/,
    );
  });
});

describe("titleProblem", () => {
  it("accepts 1 to 200 characters on one line", () => {
    expect(titleProblem("x".repeat(200))).toBeUndefined();
    expect(titleProblem("   ")).toMatch(/Say in a line/);
    expect(titleProblem("x".repeat(201))).toMatch(/201 characters/);
    expect(titleProblem("a\nb")).toMatch(/line break/);
  });
});

describe("summarizeRuns", () => {
  it("counts every task once by how it stands", () => {
    const failed = taskWith("a", { status: "failed" });
    expect(summarizeRuns([failed, taskWith("b", { status: "done" }), taskWith("c", { status: "done" }), failed])).toBe("Ran 3 tasks: 1 failed, 2 done.");
  });
});
