import { english, type Translate } from "../base/l10n.ts";
import { amountsText, type BudgetUse } from "./budget.ts";
import type { ErrorCode } from "./errors.ts";
import type { TaskId } from "./ids.ts";

/** A failed attempt, as the queue remembers it. */
export interface FailureNote {
  readonly taskId: TaskId;
  /** Number of the attempt; absent in what an older version kept. */
  readonly attempt?: number;
  readonly title: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly at: number;
}

/** The queue starts no task by itself until a person says so. */
export interface QueueStop {
  readonly at: number;
  /** The failures that led to it, oldest first. */
  readonly failures: readonly FailureNote[];
  /** One failure was enough: every other task would meet it too. */
  readonly isCertain: boolean;
}

/** An agent profile waits for a limit of its provider. */
export interface AgentLimit {
  /** The profile's name; empty for the default one. */
  readonly agent: string;
  readonly until: number;
  readonly reason: string;
  /** The limit may be over: one task at a time tries. */
  readonly isTrying: boolean;
}

/** What keeps the queue as a whole from starting tasks; both absent and empty when nothing does. */
export interface QueueStatus {
  readonly stop?: QueueStop;
  readonly limits: readonly AgentLimit[];
  /** The day's or the queue's budget is used up. */
  readonly budget?: BudgetUse;
}

/** Whether anything keeps the queue from starting tasks. */
export function isHeld({ stop, limits, budget }: QueueStatus): boolean {
  return stop !== undefined || limits.length > 0 || budget !== undefined;
}

const maxReason = 300;

/** Why the queue stopped, in a sentence or two. */
export function stopReason({ failures, isCertain }: QueueStop, t: Translate = english): string {
  const last = failures.at(-1);
  if (last === undefined) return t("The queue has stopped.");
  const message = last.message.slice(0, maxReason);
  if (isCertain) return t('The queue has stopped, because every task would fail the same way. "{0}": {1}', last.title, message);
  return t(
    {
      one: 'The queue has stopped after {0} failed attempt. The last was "{1}": {2}',
      other: 'The queue has stopped after {0} failed attempts in a row. The last was "{1}": {2}',
    },
    failures.length,
    last.title,
    message,
  );
}

/** That a budget keeps the queue, and what to do. */
export function budgetReason(use: BudgetUse, t: Translate = english): string {
  const amounts = amountsText(use, t);
  return use.scope === "day"
    ? t(
        "The queue starts nothing by itself until tomorrow: {0} of today's budget are used. Raise the setting taskMaster.budget.day, or run a task by hand.",
        amounts,
      )
    : t("The queue starts nothing by itself: {0} of the queue's budget are used. Raise the setting taskMaster.budget.queue, or run a task by hand.", amounts);
}

/** That an agent waits, and until when. */
export function limitReason({ agent, until, isTrying, reason }: AgentLimit, formatTime: (time: number) => string, t: Translate = english): string {
  if (isTrying) {
    return agent === ""
      ? t("Goose may work again after a usage limit: one task at a time tries until one succeeds.")
      : t('The agent "{0}" may work again after a usage limit: one task at a time tries until one succeeds.', agent);
  }
  const why = reason.slice(0, maxReason);
  return agent === ""
    ? t("Goose waits for a usage limit until {0}. {1}", formatTime(until), why)
    : t('The agent "{0}" waits for a usage limit until {1}. {2}', agent, formatTime(until), why);
}
