import { expect, test } from "vitest";
import type { Row } from "../../../src/webview/app/rows.ts";
import { RowViews } from "../../../src/webview/app/rowViews.ts";
import { RunModel } from "../../../src/webview/app/runModel.ts";
import { journal, say, tool } from "./journal.ts";

/** A picture that says what it would show. */
class Picture {
  readonly #row: Row;
  text = "";

  constructor(row: Row) {
    this.#row = row;
    this.update();
  }

  update(): void {
    this.text = this.#row.kind === "tool" ? `${this.#row.toolName ?? "tool"} ${this.#row.output}` : this.#row.kind;
  }
}

test("a tool call that was cut by the edge of a page has its name when the earlier page has come", () => {
  const events = journal([tool("c", { status: "in_progress", toolName: "shell", outputDelta: "one " }), say("a"), tool("c", { outputDelta: "two" })]);
  const model = new RunModel();
  model.reset(events.slice(2), 3);
  const pictures = new RowViews((row) => new Picture(row));
  const draw = (): readonly string[] => model.rows.map((row) => pictures.of(row).text);
  expect(draw()).toEqual(["tool two"]);
  model.prepend(events.slice(0, 2), 1);
  expect(draw()).toEqual(["shell one two", "message"]);
});

test("a picture is told once of a change and forgotten with its row", () => {
  let updates = 0;
  const pictures = new RowViews(() => ({ update: () => updates++ }));
  const model = new RunModel();
  model.reset(journal([tool("c", { status: "pending" })]), 1);
  const row = model.rows[0] as Row;
  const first = pictures.of(row);
  model.append(journal([tool("c", { status: "completed" })], 2));
  expect(pictures.of(row)).toBe(first);
  expect(pictures.of(row)).toBe(first);
  expect(updates).toBe(1);
  expect(pictures.take(row.key)).toBe(first);
  pictures.update(row);
  expect(updates).toBe(1);
  expect(pictures.keys()).toEqual([]);
});
