import { t } from "../base/l10n.ts";
import { budgetReason, limitReason, stopReason, type QueueStatus } from "../model/queueStatus.ts";
import { oneLine } from "../platform/oneLine.ts";
import type { Notice } from "./notices.ts";
import { when } from "./taskItem.ts";

const maxLength = 400;

/** What the tree says above its groups; undefined when nothing keeps the queue from starting tasks. */
export function queueMessage({ stop, limits, budget }: QueueStatus, now: number): string | undefined {
  const lines = [
    ...(stop === undefined ? [] : [stopReason(stop, t)]),
    ...(budget === undefined ? [] : [budgetReason(budget, t)]),
    ...limits.map((limit) => limitReason(limit, (time) => when(time, now), t)),
  ];
  return lines.length === 0 ? undefined : oneLine(lines.join(" "), maxLength);
}

/** A stop that the user has not heard of; undefined when there is none. */
export function newStop({ stop }: QueueStatus, toldAt: number | undefined): { readonly at: number; readonly text: string } | undefined {
  return stop === undefined || stop.at === toldAt ? undefined : { at: stop.at, text: oneLine(stopReason(stop, t), maxLength) };
}

/** Whether a failure was already told with the stop of the queue that it led to. */
export function isToldByStop({ kind, taskId }: Notice, { stop }: QueueStatus): boolean {
  return kind === "failed" && stop?.failures.at(-1)?.taskId === taskId;
}
