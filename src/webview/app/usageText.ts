import { formLocale, t } from "../../base/l10n.ts";
import type { Usage } from "../../model/usage.ts";
import type { ViewAttempt } from "../../protocol/hostWebview.ts";

/** What an attempt, or all of them, have used. */
export interface UsageLine {
  readonly label: string;
  readonly input: string;
  readonly output: string;
  /** Empty where the model has no price. */
  readonly cost: string;
}

/** Tokens and cost of each attempt that asked the model, and of the whole task where there were several. */
export function usageLines(attempts: readonly ViewAttempt[]): readonly UsageLine[] {
  const used = attempts.filter(({ usage }) => tokensOf(usage) > 0).toSorted((a, b) => a.number - b.number);
  const lines = used.map(({ number, usage }) => lineOf(t("Attempt {0}", number), usage));
  return used.length < 2 ? lines : [...lines, lineOf(t("Whole task"), totalOf(used))];
}

/** Both of them in one short text, for the task as a whole. */
export function usageSummary(attempts: readonly ViewAttempt[]): string | undefined {
  const total = totalOf(attempts);
  if (tokensOf(total) === 0) return undefined;
  const cost = costText(total);
  const tokens = t({ one: "{0} token", other: "{0} tokens" }, tokensOf(total));
  return cost === "" ? tokens : `${tokens}, ${cost}`;
}

/** How full the context window of the newest attempt is; undefined until it is known. */
export function contextOf(attempts: readonly ViewAttempt[]): { readonly percent: number; readonly text: string } | undefined {
  const newest = attempts.toSorted((a, b) => a.number - b.number).at(-1);
  const { contextUsed, contextSize } = newest?.usage ?? {};
  if (contextUsed === undefined || contextSize === undefined || contextSize <= 0) return undefined;
  const percent = Math.min(100, Math.max(0, Math.round((100 * contextUsed) / contextSize)));
  return { percent, text: t("Context {0} % full: {1} of {2} tokens", percent, contextUsed, contextSize) };
}

function totalOf(attempts: readonly ViewAttempt[]): Usage {
  const sum = (of: (usage: Usage) => number): number => attempts.reduce((all, { usage }) => all + of(usage), 0);
  return { inputTokens: sum((usage) => usage.inputTokens), outputTokens: sum((usage) => usage.outputTokens), costUsd: sum((usage) => usage.costUsd ?? 0) };
}

function lineOf(label: string, usage: Usage): UsageLine {
  return { label, input: usage.inputTokens.toLocaleString(formLocale()), output: usage.outputTokens.toLocaleString(formLocale()), cost: costText(usage) };
}

function tokensOf({ inputTokens, outputTokens }: Usage): number {
  return inputTokens + outputTokens;
}

function costText({ costUsd = 0 }: Usage): string {
  return costUsd > 0 ? `$${costUsd.toFixed(costUsd < 1 ? 3 : 2)}` : "";
}
