import { describe, expect, it } from "vitest";
import type { TaskId } from "../../../src/model/ids.ts";
import { taskStatuses } from "../../../src/model/task.ts";
import { availableActions, legalActions, mayChangeDependencies } from "../../../src/model/taskActions.ts";
import { oneLine } from "../../../src/platform/oneLine.ts";
import { taskItem, taskTooltip } from "../../../src/views/taskItem.ts";
import { taskWith } from "./taskFixture.ts";

const now = Date.parse("2026-05-04T12:00:00");
const lease = { owner: "one", token: 1, expiresAt: now };
const queue = [
  taskWith("a", { title: "Add login" }),
  taskWith("f", { title: "Fix it", status: "failed" }),
  taskWith("s", { title: "Ship", status: "stopped" }),
];
const context = { now, find: (id: string) => queue.find((task) => task.id === id) };
const blockedBy = (...names: string[]): ReturnType<typeof taskWith> =>
  taskWith("c", { status: "blocked", dependsOn: names.map((name) => name.padEnd(8, "0") as TaskId) });

describe("taskItem", () => {
  it("offers an answer where a question waits, and shows what it is about first", () => {
    const question = { id: "q", toolCallId: "c", toolName: "shell", title: "git push", why: "runs a command", askedAt: now };
    const attention = { kind: "permission", message: "git push (Goose runs a command)", question } as const;
    const item = taskItem(taskWith("a", { status: "in_progress", attention }), context);
    expect(item.contextValue.split(" ")).toContain("answer");
    expect(item.description).toContain("git push (Goose runs a command)");
    expect(taskItem(taskWith("a", { status: "in_progress", attention: { kind: "budget", message: "x" } }), context).contextValue.split(" ")).not.toContain(
      "answer",
    );
  });

  it("tells a running task's percent and last line, in words for readers too", () => {
    const task = taskWith("a", { title: "Add login", status: "in_progress", progress: { percent: 41.6, message: "shell: npm test" } });
    expect(taskItem(task, context)).toMatchObject({
      label: "Add login",
      description: "running 42 % shell: npm test",
      contextValue: "task pause stop cancel",
      accessibilityLabel: "Add login, running, 42 percent",
      icon: { id: "sync~spin" },
    });
  });

  it("shows an action that is under way and no longer offers it", () => {
    const item = taskItem(taskWith("a", { status: "in_progress" }), { ...context, pending: "pause" });
    expect(item.description).toBe("pausing…");
    expect(item.contextValue).toBe("task stop cancel");
    expect(taskItem(taskWith("a", { status: "in_progress", request: "stop" }), context)).toMatchObject({
      description: "stopping…",
      contextValue: "task pause cancel",
    });
  });

  it("tells a retry from a start that was planned, with its time and what failed", () => {
    const notBefore = now + 60_000;
    const result = {
      output: "",
      error: { code: "GOOSE_PROVIDER", message: "The provider had an error of its own." },
      metrics: { startedAt: 0, endedAt: 1, durationMs: 1 },
      artifacts: [],
    } as const;
    expect(taskItem(taskWith("a", { notBefore }), context).description).toMatch(/^scheduled for today/);
    const retried = taskWith("a", { notBefore, attempts: 1, result });
    expect(taskItem(retried, context).description).toMatch(/^tries again today \S+( .M)?: The provider had an error of its own\.$/);
    expect(taskItem(retried, context).accessibilityLabel).toMatch(/^Task a, tries again today .*, The provider had an error of its own\.$/);
    expect(taskTooltip(retried, context, [])).toContain("\nThe last attempt failed: The provider had an error of its own.\n");
    expect(taskTooltip({ ...retried, status: "done" }, context, [])).not.toContain("The last attempt failed");
  });

  it("says that a paused task was interrupted: nobody holds its place", () => {
    const progress = { percent: 9, message: "" };
    expect(taskItem(taskWith("a", { status: "paused", progress, lease }), context).description).toBe("paused 9 %");
    expect(taskItem(taskWith("a", { status: "paused", progress }), context).description).toBe("paused 9 %, its window or terminal ended");
  });

  it("names what blocks a task by title, first what needs somebody, with the way out", () => {
    expect(taskItem(blockedBy("a"), context).description).toBe("blocked by Add login");
    expect(taskItem(blockedBy("a", "f"), context).description).toBe("blocked by Fix it (failed: retry it), Add login");
    expect(taskItem(blockedBy("s", "b"), context).description).toContain("blocked by Ship (stopped: start it again), a removed task (b0000000: ");
    expect(taskItem(blockedBy("b"), context).description).toBe("blocked by a removed task (b0000000: drop the dependency)");
    expect(taskItem(blockedBy("f"), context).accessibilityLabel).toBe("Task c, blocked by Fix it (failed: retry it)");
  });

  it("says in the hover why a task is blocked, each reason on a line", () => {
    expect(taskTooltip(blockedBy("a", "f", "b"), context, [])).toContain(
      "Blocked by: Fix it (failed: retry it or drop the dependency)\nBlocked by: a removed task (b0000000: drop the dependency)\nWaits for: Add login (ready)\n",
    );
    expect(taskTooltip({ ...blockedBy("a"), status: "done" }, context, [])).toContain("Depends on: Add login\n");
    expect(taskTooltip({ ...blockedBy("b"), status: "failed" }, context, [])).toContain("Depends on: a removed task (b0000000)\n");
  });

  it("offers what helps a blocked task only where it does", () => {
    const words = (task: ReturnType<typeof taskWith>): string[] => taskItem(task, context).contextValue.split(" ").slice(3);
    expect(words(blockedBy("a"))).toEqual(["depends"]);
    expect(words(blockedBy("a", "f"))).toEqual(["depends", "retryDependency", "dropDependency"]);
    expect(words(blockedBy("s"))).toEqual(["depends", "retryDependency", "dropDependency"]);
    expect(words(blockedBy("b"))).toEqual(["depends", "dropDependency"]);
  });

  it.each([
    [taskWith("d"), "ready"],
    [taskWith("d", { priority: "high" }), "ready, high"],
    [taskWith("d", { status: "paused", lease, progress: { percent: 60, message: "x" } }), "paused 60 %"],
    [taskWith("d", { status: "done" }), "done, no files changed"],
    [taskWith("d", { status: "done", integration: "pull_request" }), "done, pull request"],
    [taskWith("d", { status: "in_progress", attention: { kind: "question", message: "Which port?" } }), "needs you: Which port?"],
  ])("describes %#", (task, description) => expect(taskItem(task, context).description).toBe(description));

  it("puts a scheduled task's time into words", () => {
    expect(taskItem(taskWith("e", { notBefore: now + 60_000 }), context).description).toMatch(/^scheduled for today .*0?1/);
  });

  it("offers in the menus exactly what is legal in each status", () => {
    for (const status of taskStatuses) {
      expect(taskItem(taskWith("f", { status }), context).contextValue).toBe(
        ["task", ...legalActions(status), ...(mayChangeDependencies(status) ? ["depends"] : [])].join(" "),
      );
    }
  });

  it("keeps a title on one line and spells out what would reorder it", () => {
    expect(oneLine(" a\n\tb \u202egpj.exe", 50)).toBe("a b <U+202E>gpj.exe");
    expect(oneLine("x".repeat(300), 10)).toHaveLength(10);
  });

  it("says in the hover what finishing a task unblocks", () => {
    expect(taskTooltip(taskWith("a", { branch: "tm/1", tags: ["ui"] }), context, ["Deploy"])).toMatch(
      /Branch: tm\/1\nTags: ui\nFinishing it unblocks: Deploy\n/,
    );
  });
});

describe("legal actions", () => {
  it("follow the transition table", () => {
    expect(Object.fromEntries(taskStatuses.map((status) => [status, legalActions(status)]))).toEqual({
      todo: ["run", "cancel", "remove"],
      blocked: ["cancel", "remove"],
      in_progress: ["pause", "stop", "cancel"],
      paused: ["resume", "stop", "cancel"],
      stopped: ["start", "retry", "cancel", "remove"],
      failed: ["retry", "cancel", "remove"],
      cancelled: ["retry", "remove"],
      done: ["remove"],
    });
  });

  it("leave out what the owner was already asked for", () => {
    expect(availableActions({ status: "in_progress", request: "pause" })).toEqual(["stop", "cancel"]);
  });
});
