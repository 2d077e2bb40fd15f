import { describe, expect, it } from "vitest";
import { taskStatuses } from "../../../src/model/task.ts";
import { availableActions, legalActions } from "../../../src/model/taskActions.ts";
import { oneLine } from "../../../src/platform/oneLine.ts";
import { taskItem, taskTooltip } from "../../../src/views/taskItem.ts";
import { taskWith } from "./taskFixture.ts";

const now = Date.parse("2026-05-04T12:00:00");
const context = { now, titleOf: (id: string) => (id.startsWith("a") ? "Add login" : undefined) };

describe("taskItem", () => {
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

  it("names what blocks a task by title", () => {
    const task = taskWith("c", { status: "blocked", dependsOn: [taskWith("a").id, taskWith("b").id] });
    expect(taskItem(task, context).description).toBe("blocked by Add login, b0000000");
  });

  it.each([
    [taskWith("d"), "ready"],
    [taskWith("d", { priority: "high" }), "ready, high"],
    [taskWith("d", { status: "paused", progress: { percent: 60, message: "x" } }), "paused 60 %"],
    [taskWith("d", { status: "done" }), "done, no files changed"],
    [taskWith("d", { status: "done", integration: "pull_request" }), "done, pull request"],
    [taskWith("d", { status: "in_progress", attention: { kind: "question", message: "Which port?" } }), "needs you 0 %: Which port?"],
  ])("describes %#", (task, description) => expect(taskItem(task, context).description).toBe(description));

  it("puts a scheduled task's time into words", () => {
    expect(taskItem(taskWith("e", { notBefore: now + 60_000 }), context).description).toMatch(/^scheduled for today .*0?1/);
  });

  it("offers in the menus exactly what is legal in each status", () => {
    for (const status of taskStatuses) {
      expect(taskItem(taskWith("f", { status }), context).contextValue).toBe(["task", ...legalActions(status)].join(" "));
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
      todo: ["run", "cancel"],
      blocked: ["cancel"],
      in_progress: ["pause", "stop", "cancel"],
      paused: ["resume", "stop", "cancel"],
      stopped: ["start", "retry", "cancel"],
      failed: ["retry", "cancel"],
      cancelled: ["retry"],
      done: [],
    });
  });

  it("leave out what the owner was already asked for", () => {
    expect(availableActions({ status: "in_progress", request: "pause" })).toEqual(["stop", "cancel"]);
  });
});
