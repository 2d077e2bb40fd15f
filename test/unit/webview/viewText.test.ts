import { describe, expect, it } from "vitest";
import { diffLines } from "../../../src/webview/app/diffLines.ts";
import { buttonsOf, chipOf, elapsedOf, factsOf, isTicking } from "../../../src/webview/app/headerText.ts";
import { contextOf, usageLines, usageSummary } from "../../../src/webview/app/usageText.ts";
import { aboutOf, nameOf } from "../../../src/webview/app/toolText.ts";
import { newToolRow } from "../../../src/webview/app/toolRows.ts";
import { formatDuration, visibleLine, visibleText } from "../../../src/webview/app/text.ts";
import { viewAttempt, viewTask, type ViewAttempt } from "../../../src/protocol/hostWebview.ts";
import type { ToolCallUpdate } from "../../../src/model/toolCall.ts";
import { taskWith } from "../views/taskFixture.ts";
import { taskId } from "./journal.ts";

const escape = String.fromCharCode(27);
const attempt: ViewAttempt = { number: 1, startedAt: 1_000, outcome: "running", usage: { inputTokens: 1_000, outputTokens: 20, costUsd: 0.5 } };

describe("visibleText", () => {
  it("spells out what reorders or hides text", () => {
    expect(visibleText("a\u202eb\u200bc\u{e0041}")).toBe("a<U+202E>b<U+200B>c<U+E0041>");
  });

  it("removes escape sequences and control characters, keeps line breaks and tabs", () => {
    expect(visibleText(`${escape}[31mred${escape}[0m\r\n\tx${escape}]8;;http://e.x${escape}\\link${String.fromCharCode(0, 8)}`)).toBe("red\n\txlink");
  });

  it("leaves markup as text", () => expect(visibleText("<img onerror=1>")).toBe("<img onerror=1>"));

  it("cuts lines", () => expect(visibleLine("a\n b   c".repeat(50), 20)).toHaveLength(20));
});

describe("a tool call is named once", () => {
  const about = (call: Omit<ToolCallUpdate, "toolCallId">): readonly string[] => {
    const row = newToolRow({ type: "tool_call", call: { toolCallId: "c" }, taskId, seq: 1, attempt: 1, at: 0 });
    Object.assign(row, call);
    return [nameOf(row), aboutOf(row)];
  };

  it.each([
    [{ toolName: "write", title: "write · greet.js" }, ["write", "greet.js"]],
    [{ toolName: "todo__todo_write", title: "todo: todo write" }, ["todo_write", ""]],
    [{ toolName: "developer__text_editor", title: "text editor: view a.txt" }, ["text_editor", "view a.txt"]],
    [{ toolName: "github__create_issue", title: "github: create issue · A bug: in the parser" }, ["github__create_issue", "A bug: in the parser"]],
    [{ toolName: "analyze__analyze", title: "src · a" }, ["analyze", "src · a"]],
    [{ toolName: "shell", title: "shell · npm test", input: { command: "npm test -- a: b" } }, ["shell", "npm test -- a: b"]],
    [{ toolName: "write", title: "write", input: { path: "a.txt" } }, ["write", "a.txt"]],
    [{ toolName: "write", title: "writes · a.txt" }, ["write", "writes · a.txt"]],
    [{ title: "· x" }, ["tool", "· x"]],
    [{ toolName: "__" }, ["__", ""]],
  ])("%o", (call, shown) => expect(about(call)).toEqual(shown));
});

describe("formatDuration", () => {
  it.each([
    [-5, "0 s"],
    [7_900, "7 s"],
    [185_000, "3 min 05 s"],
    [7_620_000, "2 h 07 min"],
  ])("%d ms is %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe("diffLines", () => {
  it("shows the changed middle with three lines around it", () => {
    const lines = (...texts: readonly string[]): string => `${texts.join("\n")}\n`;
    const diff = diffLines({ path: "a", oldText: lines("1", "2", "3", "4", "old", "5"), newText: lines("1", "2", "3", "4", "new", "newer", "5") }, 100);
    expect(diff.lines.map(({ sign, text }) => sign + text)).toEqual([" 2", " 3", " 4", "-old", "+new", "+newer", " 5"]);
    expect(diff).toMatchObject({ added: 2, removed: 1, hidden: 0 });
  });

  it("shows a new file as added lines and says how many are left out", () => {
    expect(diffLines({ path: "a", newText: "1\n2\n3\n" }, 2)).toMatchObject({ added: 3, removed: 0, hidden: 1, lines: [{ sign: "+" }, { sign: "+" }] });
  });

  it("shows nothing for equal texts", () => expect(diffLines({ path: "a", oldText: "x", newText: "x" }, 10)).toMatchObject({ added: 0, removed: 0 }));
});

describe("header", () => {
  const task = viewTask(taskWith("a", { status: "in_progress", attempts: 1, maxAttempts: 3, branch: "tm/1" }));

  it("offers only what is legal and not under way", () => {
    expect(buttonsOf(task)).toEqual(["pause", "stop", "cancel"]);
    expect(buttonsOf({ ...task, pending: "pause" })).toEqual(["stop", "cancel"]);
    expect(buttonsOf(viewTask(taskWith("a", { status: "stopped" })))).toEqual(["start", "cancel"]); // as on its row in the tree
    expect(buttonsOf(viewTask(taskWith("a", { status: "failed" })))).toEqual(["retry", "cancel"]);
    expect(buttonsOf(viewTask(taskWith("a", { status: "done" })))).toEqual([]);
  });

  it("tells the state in words", () => {
    expect(chipOf(task, 0).word).toBe("Running");
    expect(chipOf({ ...task, pending: "pause" }, 0).word).toBe("Pausing…");
    expect(chipOf({ ...task, attention: { kind: "question", message: "" } }, 0).word).toBe("Needs you");
    expect(chipOf(task, 0, false).word).toBe("Not known");
  });

  it("does not call a task ready that waits for its time", () => {
    const waiting = viewTask(taskWith("a", { notBefore: 9 }));
    expect(chipOf(waiting, 5).word).toBe("Scheduled");
    expect(chipOf(waiting, 9).word).toBe("Ready");
    expect(chipOf({ ...waiting, attempts: 1 }, 5).word).toBe("Tries again later");
    expect(chipOf({ ...waiting, pending: "run" }, 5).word).toBe("Starting…");
  });

  it("tells branch and attempt", () => expect(factsOf(task)).toEqual(["Branch tm/1", "Attempt 1 of 3"]));

  it("tells tokens and cost of each attempt and of the whole task", () => {
    const tokens = (1_020).toLocaleString();
    expect(usageSummary([attempt])).toBe(`${tokens} tokens, $0.500`);
    expect(usageLines([attempt]).map(({ label }) => label)).toEqual(["Attempt 1"]);
    const second: ViewAttempt = { ...attempt, number: 2, usage: { inputTokens: 500, outputTokens: 0 } };
    expect(usageLines([second, attempt])).toMatchObject([
      { label: "Attempt 1", cost: "$0.500" },
      { label: "Attempt 2", input: "500", cost: "" },
      { label: "Whole task", input: (1_500).toLocaleString(), output: "20", cost: "$0.500" },
    ]);
    expect(usageSummary([])).toBeUndefined();
    expect(usageLines([{ ...attempt, usage: { inputTokens: 0, outputTokens: 0 } }])).toEqual([]);
  });

  it("tells how full the newest attempt's context is", () => {
    const full: ViewAttempt = { ...attempt, number: 2, usage: { ...attempt.usage, contextUsed: 900, contextSize: 1_000 } };
    expect(contextOf([full, attempt])).toMatchObject({ percent: 90 });
    expect(contextOf([attempt])).toBeUndefined();
    expect(contextOf([{ ...full, usage: { ...full.usage, contextSize: 0 } }])).toBeUndefined();
  });

  it("counts the time of the newest attempt, ticking only while it runs", () => {
    const running: ViewAttempt = { ...attempt, active: { ms: 5_000, since: 61_000 } };
    expect(elapsedOf([running], 116_000)).toBe("1 min 00 s");
    const held: ViewAttempt = { ...attempt, number: 2, active: { ms: 4_000 } };
    expect(elapsedOf([running, held], 500_000)).toBe("4 s");
    expect(elapsedOf([attempt], 500_000)).toBeUndefined();
    expect(elapsedOf([], 0)).toBeUndefined();
    expect(isTicking(task, [running])).toBe(true);
    expect(isTicking(task, [running, held])).toBe(false);
    expect(isTicking({ ...task, status: "paused" }, [running])).toBe(false);
  });

  it("sends no more of a task than the view shows", () => {
    const sent = viewTask(taskWith("a", { prompt: "p".repeat(20_000), lease: { owner: "o", token: 1, expiresAt: 2 } }));
    expect(sent.prompt.length).toBeLessThanOrEqual(10_001);
    expect(sent).not.toHaveProperty("lease");
    const full = {
      number: 1,
      startedAt: 1_000,
      outcome: "running",
      usage: attempt.usage,
      taskId: taskWith("a").id,
      token: 1,
      owner: "me",
      steps: [],
      commits: [],
      worktree: "/secret/place",
    } as const;
    expect(viewAttempt(full)).not.toHaveProperty("worktree");
  });
});
