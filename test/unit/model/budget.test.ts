import { describe, expect, it } from "vitest";
import {
  addDifference,
  allowMore,
  amountsOf,
  budgetProblem,
  budgetText,
  budgetUses,
  dayOf,
  noAmounts,
  parseSpent,
  parseSpentOn,
  shareOf,
  totalOf,
} from "../../../src/model/budget.ts";

const usage = { inputTokens: 100, outputTokens: 20, costUsd: 0.5, turns: 3, activeMs: 120_000 };
const noon = new Date(2026, 10, 27, 12).getTime();

describe("amounts", () => {
  it("are turns, minutes, tokens in both directions and dollars", () => {
    expect(amountsOf(usage)).toEqual({ turns: 3, minutes: 2, tokens: 120, costUsd: 0.5 });
    expect(amountsOf({ inputTokens: 1, outputTokens: 2 })).toEqual({ turns: 0, minutes: 0, tokens: 3, costUsd: 0 });
    expect(totalOf([usage, usage])).toEqual({ turns: 6, minutes: 4, tokens: 240, costUsd: 1 });
  });

  it("grow by what came behind, and never shrink", () => {
    const before = { ...usage, inputTokens: 90, turns: 2 };
    expect(addDifference({ ...noAmounts, tokens: 5 }, before, usage)).toEqual({ turns: 1, minutes: 0, tokens: 15, costUsd: 0 });
    expect(addDifference(noAmounts, usage, before)).toEqual(noAmounts);
  });
});

describe("uses of limits", () => {
  const used = { task: amountsOf(usage), day: { ...noAmounts, costUsd: 9 }, queue: noAmounts };

  it("come in the order of their shares, only where there is a limit", () => {
    const uses = budgetUses({ task: { tokens: 200, turns: 3 }, day: { costUsd: 10 }, queue: {} }, used);
    expect(uses.map((use) => [use.scope, use.measure, shareOf(use)])).toEqual([
      ["task", "turns", 1],
      ["day", "costUsd", 0.9],
      ["task", "tokens", 0.6],
    ]);
  });

  it("count against what a person allowed in addition: what was used and as much again, each time", () => {
    const [first] = budgetUses({ task: { tokens: 100 }, day: {}, queue: {} }, used);
    const allowances = allowMore({}, first ?? raise());
    expect(allowances).toEqual({ "task.tokens": 220 });
    const [second] = budgetUses({ task: { tokens: 100 }, day: {}, queue: {} }, { ...used, task: { ...noAmounts, tokens: 230 } }, allowances);
    expect(second).toMatchObject({ limit: 220, portion: 100, used: 230 });
    expect(allowMore(allowances, second ?? raise())).toEqual({ "task.tokens": 330 });
    // A limit that was raised in the settings meanwhile counts when it is higher.
    expect(budgetUses({ task: { tokens: 500 }, day: {}, queue: {} }, used, allowances)[0]?.limit).toBe(500);
  });

  it("are told in words", () => {
    const use = { scope: "day", measure: "costUsd", used: 4.256, limit: 5, portion: 5 } as const;
    expect(budgetText(use)).toBe("$4.26 of $5.00 of today's budget");
    expect(budgetText({ ...use, scope: "task", measure: "tokens", used: 81_000.4, limit: 100_000 })).toBe("81,000 of 100,000 tokens of the task's budget");
    expect(budgetText({ ...use, scope: "queue", measure: "minutes" })).toBe("4 of 5 minutes of the queue's budget");
  });
});

describe("what was spent", () => {
  it("is read from the store; what is damaged counts as nothing, what is of another day no more", () => {
    const stored = { day: dayOf(noon), turns: 1, minutes: 2, tokens: 3, costUsd: 4 };
    expect(parseSpent(stored)).toEqual({ turns: 1, minutes: 2, tokens: 3, costUsd: 4 });
    expect(parseSpentOn(stored, noon)).toEqual(parseSpent(stored));
    expect(parseSpentOn(stored, noon + 86_400_000)).toEqual(noAmounts);
    for (const damaged of [undefined, {}, { tokens: "7" }, { tokens: -1 }]) expect(parseSpent(damaged)).toEqual(noAmounts);
    expect(dayOf(noon)).toBe("2026-11-27");
  });
});

it("says what is wrong with limits", () => {
  expect(budgetProblem({ tokens: 5, costUsd: 0.1 })).toBeUndefined();
  expect(budgetProblem({})).toBeUndefined();
  expect(budgetProblem({ dollars: 5 })).toContain('"dollars"');
  for (const wrong of [0, -1, NaN, Infinity, "5", null]) expect(budgetProblem({ tokens: wrong }), String(wrong)).toContain("above 0");
});

function raise(): never {
  throw new Error("there is no use");
}
