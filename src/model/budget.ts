/** Budgets: how much a task, a day and the whole queue may use, and how much of it is used. */
import { english, type Translate } from "../base/l10n.ts";
import type { JsonObject } from "../base/json.ts";
import type { Usage } from "./usage.ts";

/** What is measured: requests to the model, time of work in minutes, tokens in both directions, US dollars. */
export const budgetMeasures = ["turns", "minutes", "tokens", "costUsd"] as const;
export type BudgetMeasure = (typeof budgetMeasures)[number];

/** Limits of a task, a day or the queue; an absent measure has none. */
export type Budget = { readonly [M in BudgetMeasure]?: number };

/** How much was used of each. */
export type Amounts = { readonly [M in BudgetMeasure]: number };

/** Whose budget: the task's over its attempts, that of the machine's local day over all tasks, that of the queue since it was made. */
export const budgetScopes = ["task", "day", "queue"] as const;
export type BudgetScope = (typeof budgetScopes)[number];

/** How much of one limit is used. */
export interface BudgetUse {
  readonly scope: BudgetScope;
  readonly measure: BudgetMeasure;
  readonly used: number;
  readonly limit: number;
  /** The limit as it was given, without what a person allowed in addition. */
  readonly portion: number;
}

/** Limits that a person raised for one task by letting it go on, by scope and measure ("task.tokens"). */
export type Allowances = Readonly<Record<string, number>>;

/** The allowances after a person let a task go on although a limit was reached: what is used, and as much again. */
export function allowMore(allowances: Allowances, { scope, measure, used, portion }: BudgetUse): Allowances {
  return { ...allowances, [`${scope}.${measure}`]: used + portion };
}

/** From this share of a limit on it is told that it comes near. */
export const budgetWarning = 0.8;

export const noAmounts: Amounts = { turns: 0, minutes: 0, tokens: 0, costUsd: 0 };

const minuteMs = 60_000;

/** What an attempt's usage means for budgets. */
export function amountsOf({ turns = 0, activeMs = 0, inputTokens, outputTokens, costUsd = 0 }: Usage): Amounts {
  return { turns, minutes: activeMs / minuteMs, tokens: inputTokens + outputTokens, costUsd };
}

/** Adds what came behind: `amounts` and the difference of two usages, of which none is negative. */
export function addDifference(amounts: Amounts, before: Usage, after: Usage): Amounts {
  const [a, b] = [amountsOf(before), amountsOf(after)];
  const sum = (measure: BudgetMeasure): number => amounts[measure] + Math.max(0, b[measure] - a[measure]);
  return { turns: sum("turns"), minutes: sum("minutes"), tokens: sum("tokens"), costUsd: sum("costUsd") };
}

/** The sum of several. */
export function totalOf(usages: readonly Usage[]): Amounts {
  return usages.reduce((sum, usage) => addDifference(sum, { inputTokens: 0, outputTokens: 0 }, usage), noAmounts);
}

/** How much of each limit is used, the largest share first. */
export function budgetUses(
  limits: { readonly [S in BudgetScope]: Budget },
  used: { readonly [S in BudgetScope]: Amounts },
  allowances: Allowances = {},
): readonly BudgetUse[] {
  const uses = budgetScopes.flatMap((scope) =>
    budgetMeasures.flatMap((measure): BudgetUse[] => {
      const portion = limits[scope][measure];
      if (portion === undefined) return [];
      const limit = Math.max(portion, allowances[`${scope}.${measure}`] ?? 0);
      return [{ scope, measure, used: used[scope][measure], limit, portion }];
    }),
  );
  return uses.toSorted((a, b) => shareOf(b) - shareOf(a));
}

/** 1 and more: the limit is reached. */
export function shareOf({ used, limit }: BudgetUse): number {
  return used / limit;
}

/** "81,000 of 100,000 tokens of the task's budget". */
export function budgetText(use: BudgetUse, t: Translate = english): string {
  const amounts = amountsText(use, t);
  switch (use.scope) {
    case "task":
      return t("{0} of the task's budget", amounts);
    case "day":
      return t("{0} of today's budget", amounts);
    case "queue":
      return t("{0} of the queue's budget", amounts);
  }
}

/** "81,000 of 100,000 tokens". */
export function amountsText({ measure, used, limit }: Pick<BudgetUse, "measure" | "used" | "limit">, t: Translate = english): string {
  const [part, all] = [Math.round(used), Math.round(limit)];
  switch (measure) {
    case "turns":
      return t("{0} of {1} turns", part, all);
    case "minutes":
      return t("{0} of {1} minutes", part, all);
    case "tokens":
      return t("{0} of {1} tokens", part, all);
    case "costUsd":
      return t("{0} of {1}", dollars(used), dollars(limit));
  }
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** Names under which the store keeps what was used in all: since the queue was made, and on one day. */
export const spentTotalName = "spent:total";
export const spentDayName = "spent:day";

/** The local day of a time, as it is kept. */
export function dayOf(at: number): string {
  const day = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** What was used in all, as it is kept; a damaged row counts as nothing. */
export function parseSpent(stored: JsonObject | undefined): Amounts {
  const amount = (measure: BudgetMeasure): number => {
    const value = stored?.[measure];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
  };
  return { turns: amount("turns"), minutes: amount("minutes"), tokens: amount("tokens"), costUsd: amount("costUsd") };
}

/** What was used on the day of a time; what is kept of another day counts no more. */
export function parseSpentOn(stored: JsonObject | undefined, at: number): Amounts {
  return stored?.["day"] === dayOf(at) ? parseSpent(stored) : noAmounts;
}

/** What is wrong with limits that somebody gave; undefined when nothing is. */
export function budgetProblem(value: object): string | undefined {
  for (const [name, limit] of Object.entries(value)) {
    if (!budgetMeasures.some((measure) => measure === name)) return `has "${name}"; it knows ${budgetMeasures.join(", ")}`;
    if (typeof limit !== "number" || !Number.isFinite(limit) || limit <= 0) return `must have a number above 0 for "${name}"`;
  }
  return undefined;
}
