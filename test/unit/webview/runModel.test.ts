import { describe, expect, it } from "vitest";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import { RunModel } from "../../../src/webview/app/runModel.ts";
import { markdownOf, maxPiece } from "../../../src/webview/app/messagePieces.ts";
import { maxOutput } from "../../../src/webview/app/toolRows.ts";
import type { Limit } from "../../../src/webview/app/trimming.ts";
import type { Row } from "../../../src/webview/app/rows.ts";
import { journal, say, tool } from "./journal.ts";

function modelOf(events: readonly TaskEvent[], firstSeq = events[0]?.seq ?? 1): RunModel {
  const model = new RunModel();
  model.reset(events, firstSeq);
  return model;
}

const rowsOnly = (rows: number): Limit => ({ rows, weight: Infinity });

/** Rows without what a different way of loading may change. */
function shape(rows: readonly Row[]): readonly unknown[] {
  return rows.map((row) => (row.kind === "tool" ? { ...row, revision: 0, seq: 0, at: 0, key: "" } : { ...row, revision: 0, key: "" }));
}

const run: readonly TaskEventBody[] = [
  { type: "created" },
  { type: "started", owner: "me" },
  { type: "message", role: "thought", messageId: "m", text: "Let me " },
  { type: "message", role: "thought", messageId: "m", text: "think." },
  say("I will "),
  { type: "progress_update", progress: { percent: 10, message: "" } },
  say("test it."),
  tool("c1", { status: "pending", toolName: "shell", title: "shell", input: { command: "npm test" } }),
  tool("c2", { status: "in_progress", toolName: "write", title: "write a.ts", diffs: [{ path: "a.ts", newText: "x" }] }),
  tool("c1", { status: "in_progress", outputDelta: "one\n" }),
  tool("c2", { status: "completed" }),
  tool("c1", { outputDelta: "two\n" }),
  tool("c1", { status: "completed", exitCode: 0 }),
  say("All is well.", "n"),
  { type: "completed", summary: "Login added.", unblocked: [] },
];

describe("RunModel", () => {
  it("tells a failure in words, not by its code", () => {
    const rows = modelOf(journal([{ type: "error", code: "GOOSE_NETWORK", message: "The provider cannot be reached." }])).rows;
    expect(rows).toMatchObject([{ kind: "line", text: "The provider cannot be reached." }]);
  });

  it("joins pieces of a message and updates of a tool call", () => {
    const rows = modelOf(journal(run)).rows;
    expect(rows.map((row) => (row.kind === "message" ? `${row.role}: ${row.text}` : row.kind === "tool" ? `${row.toolName} ${row.status}` : row.text))).toEqual(
      [
        "Task added",
        "Attempt 1 started",
        "thought: Let me think.",
        "agent: I will test it.",
        "shell completed",
        "write completed",
        "agent: All is well.",
        "Done: Login added.",
      ],
    );
    expect(rows.find((row) => row.kind === "tool")).toMatchObject({ output: "one\ntwo\n", exitCode: 0, input: { command: "npm test" } });
  });

  it("begins a new message row when something came between", () => {
    expect(modelOf(journal([say("a"), tool("c", { status: "completed" }), say("b")])).rows.map((row) => row.kind)).toEqual(["message", "tool", "message"]);
  });

  it("gives the same rows whether events come one by one, at once, or page by page from the end", () => {
    const events = journal(run);
    const whole = modelOf(events);
    const streamed = modelOf([]);
    for (const event of events) streamed.append([event]);
    expect(shape(streamed.rows)).toEqual(shape(whole.rows));
    for (let edge = 1; edge < events.length; edge++) {
      const paged = modelOf(events.slice(edge));
      paged.prepend(events.slice(0, edge), 1);
      expect(shape(paged.rows), `edge ${edge}`).toEqual(shape(whole.rows));
      expect(paged.firstSeq).toBe(1);
    }
  });

  it("notices a gap and takes nothing then; what it has already is skipped", () => {
    const model = modelOf(journal([say("a")]));
    expect(model.append(journal([say("c")], 3), 2)).toBeUndefined();
    expect(model.lastSeq).toBe(1);
    expect(model.append(journal([say("a"), say("b")]), 0)?.changed.size).toBe(1);
    expect(model.rows[0]).toMatchObject({ text: "ab" });
  });

  it("marks open tool calls as cancelled when the attempt ends, and never revives one that ended", () => {
    const model = modelOf(journal([tool("c", { status: "in_progress" }), { type: "stopped", reason: "" }, tool("c", { status: "in_progress" })]));
    expect(model.rows[0]).toMatchObject({ kind: "tool", status: "cancelled" });
  });

  it.each<TaskEventBody>([
    { type: "paused", reason: "The process that ran the task is gone.", isInterrupted: true },
    { type: "checkpoint", step: "prepared" },
    { type: "checkpoint", step: "session" },
  ])("closes the calls of a run that is gone: %j", (end) => {
    const model = modelOf(journal([tool("c", { status: "in_progress" }), end]));
    expect(model.rows[0]).toMatchObject({ kind: "tool", status: "cancelled" });
  });

  it("leaves a held call open", () => {
    const model = modelOf(journal([tool("c", { status: "in_progress" }), { type: "paused", reason: "" }]));
    expect(model.rows[0]).toMatchObject({ kind: "tool", status: "in_progress" });
  });

  it("closes a call whose end is on a later page than its beginning", () => {
    const events = journal([tool("c", { status: "in_progress" }), say("a"), { type: "stopped", reason: "" }]);
    const model = modelOf(events.slice(1));
    model.prepend(events.slice(0, 1), 1);
    expect(model.rows[0]).toMatchObject({ kind: "tool", status: "cancelled" });
  });

  it("closes a call of an earlier page when the attempt ends later", () => {
    const events = journal([tool("c", { status: "in_progress" }), say("a")]);
    const model = modelOf(events.slice(1));
    model.prepend(events.slice(0, 1), 1);
    expect(model.append(journal([{ type: "stopped", reason: "" }], 3))?.changed.size).toBe(1);
    expect(model.rows[0]).toMatchObject({ kind: "tool", status: "cancelled" });
  });

  const texts = (model: RunModel): readonly string[] => model.rows.flatMap((row) => (row.kind === "line" ? [row.text] : []));

  it("does not repeat as summary what was said last; another one is cut to a line", () => {
    expect(texts(modelOf(journal([say("All\nis well."), { type: "completed", summary: "All\nis well.\n", unblocked: [] }])))).toEqual(["Done"]);
    expect(texts(modelOf(journal([say("a"), { type: "completed", summary: "One.\nTwo.", unblocked: [] }])))).toEqual(["Done: One."]);
    expect(texts(modelOf(journal([{ type: "completed", summary: "x".repeat(500), unblocked: [] }])))[0]).toHaveLength("Done: ".length + 200);
  });

  it("says once that and why it paused", () => {
    expect(texts(modelOf(journal([{ type: "paused", reason: "Paused by the user." }])))).toEqual(["Paused by the user."]);
    expect(texts(modelOf(journal([{ type: "paused", reason: "The window closed." }])))).toEqual(["Paused: The window closed."]);
  });

  it("tells a second session of an attempt as going on, also when the first is on an earlier page", () => {
    const events = journal([
      { type: "checkpoint", step: "session" },
      { type: "checkpoint", step: "session" },
    ]);
    expect(texts(modelOf(events))).toEqual(["Session opened", "Goose goes on"]);
    const model = modelOf(events.slice(1));
    model.prepend(events.slice(0, 1), 1);
    expect(texts(model)).toEqual(["Session opened", "Goose goes on"]);
    expect(texts(modelOf([...events.slice(0, 1), { ...(events[1] as TaskEvent), attempt: 2 }]))).toEqual(["Session opened", "Session opened"]);
  });

  it("says once that Goose goes on where engine and worker both note it, and again behind further words", () => {
    const session: TaskEventBody = { type: "checkpoint", step: "session" };
    const told: TaskEventBody = { type: "log", level: "info", message: "The check failed, and Goose was told: x" };
    const events = journal([session, say("a"), session, told, session, say("b", "n"), session]);
    expect(texts(modelOf(events))).toEqual(["Session opened", "Goose goes on", told.message, "Goose goes on"]);
  });

  it("drops the oldest rows and can page them in again", () => {
    const events = journal(run);
    const model = modelOf(events);
    const whole = shape(model.rows);
    expect(model.trimStart(rowsOnly(3))).toHaveLength(5);
    expect(model.rows).toHaveLength(3);
    const edge = model.firstSeq;
    model.prepend(
      events.filter((event) => event.seq < edge),
      1,
    );
    expect(shape(model.rows)).toEqual(whole);
    expect(model.trimStart(rowsOnly(100))).toEqual([]);
  });

  it("keeps an update of a dropped tool call for when its page comes back", () => {
    const events = journal([tool("c", { status: "in_progress", toolName: "shell", outputDelta: "1" }), say("a"), say("b", "n")]);
    const model = modelOf(events);
    model.trimStart(rowsOnly(1));
    const change = model.append(journal([tool("c", { status: "completed", outputDelta: "2" })], 4));
    expect(change?.added.size).toBe(0);
    model.prepend(events.slice(0, 2), 1);
    expect(model.rows[0]).toMatchObject({ kind: "tool", status: "completed", output: "12" });
  });

  it("caps the output of a tool call", () => {
    const [call] = modelOf(journal([tool("c", { outputDelta: "y".repeat(3 * maxOutput) })])).rows;
    expect(call?.kind === "tool" && call.isCut && call.output.length).toBe(maxOutput);
  });

  it("drops the newest rows and can page them in again, each event once", () => {
    const events = journal(run);
    const model = modelOf(events);
    const whole = shape(model.rows);
    expect(model.trimEnd(rowsOnly(5))).toHaveLength(3);
    const { lastSeq } = model;
    expect(lastSeq).toBe(8);
    model.append(events.slice(lastSeq), lastSeq);
    expect(shape(model.rows)).toEqual(whole);
  });

  it("does not take an update twice that came joined with others before its row was cut off", () => {
    const piece = tool("c", { outputDelta: "1" });
    const events = journal([tool("c", { status: "in_progress" }), say("a"), piece, piece, piece]);
    const model = modelOf(events.slice(0, 2));
    // The host joined three pieces; they have the number of the first.
    model.append(journal([tool("c", { outputDelta: "111" })], 3), 2, 5);
    expect(model.trimEnd(rowsOnly(1))).toHaveLength(1);
    model.append(events.slice(1), 1);
    expect(model.rows[0]).toMatchObject({ output: "111" });
    expect(model.rows[1]).toMatchObject({ text: "a" });
  });

  it("keeps places, kind, inner activity and times of a tool call, also when it is cut by the edge of a page", () => {
    const events = journal([
      tool("c", { status: "pending", kind: "edit", locations: [{ path: "a.ts", line: 3 }] }),
      tool("c", { status: "in_progress", activity: "one" }),
      say("a"),
      tool("c", { activity: "two", diffs: [{ path: "a.ts", newText: "x" }] }),
      tool("c", { status: "completed" }),
    ]);
    const expected = { toolKind: "edit", locationsSeq: 1, diffsSeq: 4, activity: ["one", "two"], startedAt: 1_001, endedAt: 1_004 };
    expect(modelOf(events).rows[0]).toMatchObject(expected);
    const paged = modelOf(events.slice(3));
    paged.prepend(events.slice(0, 3), 1);
    expect(paged.rows[0]).toMatchObject(expected);
  });

  const long = Array.from({ length: 400 }, (_, i) => `Paragraph ${i} has some words that fill a line or so.\n\n`).join("");
  const messages = (model: RunModel): readonly string[] => model.rows.flatMap((row) => (row.kind === "message" ? [row.text] : []));
  const chunks = (text: string, size: number): readonly string[] =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

  it.each([7, 100, 2_500, long.length])("cuts a long message at the same paragraphs in pieces of %d characters", (size) => {
    const whole = messages(modelOf(journal([say(long)])));
    expect(whole.length).toBeGreaterThan(5);
    expect(whole.every((text) => text.length <= maxPiece && (text.endsWith("\n\n") || text === whole.at(-1)))).toBe(true);
    const streamed = messages(modelOf(journal(chunks(long, size).map((text) => say(text)))));
    expect(streamed).toEqual(whole);
    expect(streamed.join("")).toBe(long);
  });

  it("joins a long message again whose pages came from the end", () => {
    const events = journal(chunks(long, 90).map((text) => say(text)));
    const model = modelOf(events.slice(150), 151);
    for (let end = 150; end > 0; end -= 50) model.prepend(events.slice(end - 50, end), end - 49);
    expect(messages(model)).toEqual(messages(modelOf(events)));
    model.append(journal([say("end")], events.length + 1));
    expect(messages(model).join("")).toBe(`${long}end`);
    expect(new Set(model.rows.map(({ key }) => key)).size).toBe(model.rows.length);
  });

  it("opens a block of code again in the row in which it goes on", () => {
    const code = `\`\`\`ts\n${"const a = 1;\n".repeat(1_000)}\`\`\`\nafter\n`;
    const rows = modelOf(journal(chunks(code, 333).map((text) => say(text)))).rows;
    expect(rows.length).toBe(3);
    expect(rows.map((row) => row.kind === "message" && row.fence)).toEqual([undefined, "```ts", "```ts"]);
    expect(rows[1]?.kind === "message" && markdownOf(rows[1])).toMatch(/^```ts\nconst a/);
  });

  it("drops a long message only as a whole, as an event may lie in two of its rows", () => {
    const model = modelOf(journal([say("first", "a"), say(long, "b"), say("last", "c")]));
    model.trimStart(rowsOnly(3));
    expect(model.rows).toHaveLength(1);
    expect(model.firstSeq).toBe(3);
  });

  it("survives event types that it does not know", () => {
    const odd = [{ type: "from_the_future", taskId: "aaaaaaaa", seq: 1, attempt: 1, at: 0 }] as unknown as readonly TaskEvent[];
    expect(modelOf(odd).rows).toEqual([]);
  });
});
