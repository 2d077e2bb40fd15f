import { describe, expect, it } from "vitest";
import { summarizeRuns } from "../../../src/commands/runSummary.ts";
import { readTarget, tasksFor } from "../../../src/commands/taskTarget.ts";
import { titleProblem } from "../../../src/commands/titleProblem.ts";
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
