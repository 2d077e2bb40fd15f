import { describe, expect, it } from "vitest";
import type { ViewToHost } from "../../../src/protocol/hostWebview.ts";
import { Expansion } from "../../../src/webview/app/expansion.ts";
import { passes } from "../../../src/webview/app/filter.ts";
import { FindState } from "../../../src/webview/app/findState.ts";
import { RowHeights, RowLayout } from "../../../src/webview/app/rowLayout.ts";
import { readLimit, RunHistory } from "../../../src/webview/app/runHistory.ts";
import { RunModel } from "../../../src/webview/app/runModel.ts";
import type { Row } from "../../../src/webview/app/rows.ts";
import { parseViewState } from "../../../src/webview/app/viewState.ts";
import { viewTask } from "../../../src/protocol/hostWebview.ts";
import { taskWith } from "../views/taskFixture.ts";
import { journal, say, tool } from "./journal.ts";

const rowsOf = (...bodies: Parameters<typeof journal>[0]): readonly Row[] => {
  const model = new RunModel();
  model.reset(journal(bodies), 1);
  return model.rows;
};

describe("RowLayout", () => {
  it("finds rows by their place", () => {
    const layout = new RowLayout([10, 20, 30]);
    expect(layout.height).toBe(60);
    expect([-5, 0, 9, 10, 29, 30, 99].map((y) => layout.indexAt(y))).toEqual([0, 0, 0, 1, 1, 2, 2]);
    expect(layout.range(12, 15)).toEqual({ first: 1, end: 2, above: 10, below: 30 });
    expect(layout.range(-100, 100)).toEqual({ first: 0, end: 3, above: 0, below: 0 });
  });

  it("bears an empty list", () => {
    const layout = new RowLayout([]);
    expect(layout.height).toBe(0);
    expect(layout.range(0, 500)).toEqual({ first: 0, end: 0, above: 0, below: 0 });
  });

  it("prefers measured heights and forgets those of rows that are gone", () => {
    const [row] = rowsOf(say("a"));
    const heights = new RowHeights();
    const estimate = heights.of(row as Row);
    expect(estimate).toBeGreaterThan(0);
    expect(heights.measure((row as Row).key, 99)).toBe(true);
    expect(heights.measure((row as Row).key, 99)).toBe(false);
    expect(heights.of(row as Row)).toBe(99);
    heights.keep(new Set());
    expect(heights.of(row as Row)).toBe(estimate);
  });
});

describe("filter", () => {
  it("lets tool calls or what went wrong through", () => {
    const rows = rowsOf(
      say("a"),
      tool("good", { status: "completed" }),
      tool("bad", { status: "failed" }),
      tool("exit", { status: "completed", exitCode: 2 }),
      {
        type: "log",
        level: "error",
        message: "broke",
      },
    );
    const shown = (filter: Parameters<typeof passes>[1]): readonly string[] => rows.filter((row) => passes(row, filter)).map(({ key }) => key);
    expect(shown("all")).toHaveLength(5);
    expect(shown("tools")).toEqual(["tool:1:good", "tool:1:bad", "tool:1:exit"]);
    expect(shown("errors")).toEqual(["tool:1:bad", "tool:1:exit", "line:5"]);
  });
});

describe("Expansion", () => {
  const [thought, running] = rowsOf({ type: "message", role: "thought", messageId: "t", text: "x" }, tool("c", { status: "in_progress" })) as [Row, Row];

  it("opens what runs, keeps thoughts closed", () => {
    const expansion = new Expansion();
    expect([expansion.isOpen(thought), expansion.isOpen(running)]).toEqual([false, true]);
  });

  it("does what the user wants: with one row, then with all", () => {
    const expansion = new Expansion();
    expansion.set(running.key, false);
    expect(expansion.isOpen(running)).toBe(false);
    expansion.setAll(true);
    expect([expansion.isOpen(thought), expansion.isOpen(running)]).toEqual([true, true]);
    expansion.set(thought.key, false);
    expansion.keep(new Set());
    expect(expansion.isOpen(thought)).toBe(true);
  });
});

describe("FindState", () => {
  it("looks at the next hit from where the user is, then goes round", () => {
    const find = new FindState();
    const id = find.begin("x");
    expect(find.describe()).toBe("Searching…");
    find.add(id, [5, 9, 12], { isDone: true, isCut: false });
    expect(find.lookFrom(8)).toBe(9);
    expect(find.describe()).toBe("2 of 3");
    expect([find.step(1), find.step(1), find.step(-1)]).toEqual([12, 5, 12]);
    expect(find.lookFrom(99)).toBe(12);
  });

  it("ignores answers to an earlier search", () => {
    const find = new FindState();
    const first = find.begin("x");
    find.begin("y");
    expect(find.add(first, [1], { isDone: true, isCut: false })).toBe(false);
    expect([find.count, find.step(1), find.lookFrom(0)]).toEqual([0, undefined, undefined]);
    find.add(find.id, [], { isDone: true, isCut: false });
    expect(find.describe()).toBe("Nothing found");
  });
});

describe("state that VS Code keeps", () => {
  it("comes back as it was", () => {
    const state = { taskId: "a", draft: "half a sen", filter: "tools", anchor: { seq: 7, offset: 12.5 } } as const;
    expect(parseViewState(state)).toEqual(state);
  });

  it.each([undefined, null, "x", {}, { taskId: 5 }])("is nothing when it does not fit: %j", (value) => expect(parseViewState(value)).toBeUndefined());

  it("keeps the task when only the rest is damaged", () => {
    expect(parseViewState({ taskId: "a", filter: "evil", anchor: { seq: -1, offset: "x" } })).toEqual({
      taskId: "a",
      draft: "",
      filter: "all",
      anchor: undefined,
    });
    expect(parseViewState({ taskId: "a" })).toMatchObject({ taskId: "a", filter: "all" });
  });
});

describe("RunHistory", () => {
  const task = viewTask(taskWith("a"));
  const many = (count: number, from: number): ReturnType<typeof journal> =>
    journal(
      Array.from({ length: count }, (_, i) => say("x", `m${from + i}`)),
      from,
    );

  function history(first: number, last: number, end: number): { readonly made: RunHistory; readonly said: ViewToHost[] } {
    const said: ViewToHost[] = [];
    const made = new RunHistory((message) => said.push(message));
    made.greet();
    made.reset({ type: "reset", task, attempts: [], events: many(last - first + 1, first), firstSeq: first, lastSeq: last, endSeq: end, now: 0 });
    return { made, said };
  }

  it("asks for one earlier page at a time, and for none before the first", () => {
    const { made, said } = history(11, 20, 20);
    made.loadOlder();
    made.loadOlder();
    expect(said).toEqual([{ type: "ready" }, { type: "loadOlder", beforeSeq: 11 }]);
    made.prepend({ type: "older", events: many(10, 1), firstSeq: 1, beforeSeq: 11 });
    made.loadOlder();
    expect(said).toHaveLength(2);
    expect(made.rows).toHaveLength(20);
  });

  it("asks again for the page that it began with, not for another one", () => {
    const said: ViewToHost[] = [];
    const made = new RunHistory((message) => said.push(message));
    made.show(700);
    made.greet();
    expect(said).toEqual([
      { type: "show", seq: 700 },
      { type: "show", seq: 700 },
    ]);
  });

  it("begins anew when something between is missing", () => {
    const { made, said } = history(1, 5, 5);
    made.append({ type: "append", events: many(1, 9), afterSeq: 8, lastSeq: 9 });
    expect(said.at(-1)).toEqual({ type: "ready" });
  });

  it("lets go of the end when the user reads so much that it does not fit, and pages forward to it again", () => {
    const end = readLimit.rows + 100;
    const { made, said } = history(501, end, end);
    made.prepend({ type: "older", events: many(500, 1), firstSeq: 1, beforeSeq: 501 });
    expect(said.at(-1)).toEqual({ type: "reading" });
    expect([made.isLive, made.rows.length, made.hasOlder]).toEqual([false, readLimit.rows, false]);
    made.append({ type: "append", events: many(1, end + 1), afterSeq: end, lastSeq: end + 1 });
    expect(made.rows).toHaveLength(readLimit.rows);
    made.loadNewer();
    made.loadNewer();
    expect(said.filter(({ type }) => type === "loadNewer")).toEqual([{ type: "loadNewer", afterSeq: readLimit.rows }]);
    made.newer({ type: "newer", events: many(101, readLimit.rows + 1), afterSeq: readLimit.rows, lastSeq: end + 1, endSeq: end + 1 });
    expect([made.isLive, made.has(end + 1), made.has(1), made.hasOlder]).toEqual([true, true, false, true]);
    made.greet();
    expect(said.at(-1)).toEqual({ type: "ready", lastSeq: end + 1 });
  });

  it("says that it reads when a newer page belongs to another place", () => {
    const { made, said } = history(1, 10, 50);
    made.newer({ type: "newer", events: many(10, 41), afterSeq: 40, lastSeq: 50, endSeq: 50 });
    expect(said.at(-1)).toEqual({ type: "reading" });
    expect(made.rows).toHaveLength(10);
  });
});
