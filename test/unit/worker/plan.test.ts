import { expect, test } from "vitest";
import { planOf, planOfTodo } from "../../../src/worker/goose/plan.ts";

const read = (content: string): unknown => planOfTodo({ content })?.map(({ text, status }) => `${status}: ${text}`);

test("a checklist: marks, nesting, numbers, text in between, line ends of Windows", () => {
  expect(read("# Plan\r\n\r\n- [ ] one\r\n  - [x] two\r\n* [X] three\n1. [~] four\n2) [-] five\n+ [>] six\n- a remark\nprose\n- [ ]\n- [ ]   \n")).toEqual([
    "pending: one",
    "completed: two",
    "completed: three",
    "in_progress: four",
    "in_progress: five",
    "in_progress: six",
  ]);
});

test("a list without any checkbox is read item by item, other text is no plan", () => {
  expect(read("- one\n  * two\n3. three\n")).toEqual(["pending: one", "pending: two", "pending: three"]);
  expect(read("just prose\n---\n")).toEqual([]);
  expect(read("")).toEqual([]);
});

test("what is no todo list is none", () => {
  for (const input of [undefined, null, "- [ ] x", { content: 5 }, [], { text: "- [ ] x" }]) expect(planOfTodo(input)).toBeUndefined();
});

test("a plan is cut in entries and length; an unknown status is pending", () => {
  const plan = planOf(Array.from({ length: 300 }, () => ({ content: "x".repeat(5_000), status: "strange" })));
  expect(plan).toHaveLength(200);
  expect(plan[0]).toEqual({ text: "x".repeat(1_000), status: "pending" });
});
