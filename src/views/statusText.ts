import { t } from "../base/l10n.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import type { Task } from "../model/task.ts";
import { queueMessage } from "./queueMessage.ts";
import { groupOf, type TaskGroup } from "./taskGroups.ts";

/** What the status bar item says. */
export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  readonly accessibilityLabel: string;
}

const words: readonly (readonly [TaskGroup, (count: number) => string])[] = [
  ["attention", (count) => t("{0} needing you", count)],
  ["running", (count) => t("{0} running", count)],
  ["ready", (count) => t("{0} ready", count)],
  ["blocked", (count) => t("{0} blocked", count)],
  ["scheduled", (count) => t("{0} scheduled", count)],
  ["paused", (count) => t("{0} paused", count)],
  ["review", (count) => t("{0} to review", count)],
  ["failed", (count) => t("{0} failed or stopped", count)],
  ["done", (count) => t("{0} done", count)],
];
const shownGroups: readonly TaskGroup[] = ["attention", "running", "ready"];

/** What keeps the queue, then running and waiting tasks, in a few words; undefined when the queue is empty. */
export function statusText(tasks: readonly Task[], queue: QueueStatus, now: number): StatusText | undefined {
  if (tasks.length === 0) return undefined;
  const counts = new Map<TaskGroup, number>();
  for (const task of tasks) {
    const group = groupOf(task, now);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const parts = words.flatMap(([group, text]) => (counts.has(group) ? [{ group, text: text(counts.get(group) ?? 0) }] : []));
  const held = heldWords(queue);
  const shown = parts.filter(({ group }) => shownGroups.includes(group)).map(({ text }) => text);
  const short = [...(held === undefined ? [] : [held]), ...(shown.length > 0 ? shown : [held === undefined ? (parts[0]?.text ?? "") : ""])];
  const all = parts.map(({ text }) => text).join(", ");
  const why = queueMessage(queue, now);
  return {
    text: `${iconOf(counts, queue)} ${short.filter((text) => text !== "").join(", ")}`,
    tooltip: `Task Master: ${all}${why === undefined ? "" : `\n${why}`}`,
    accessibilityLabel: `Task Master, ${held === undefined ? "" : `${held}, `}${all}`,
  };
}

function heldWords({ stop, limits, budget }: QueueStatus): string | undefined {
  if (stop !== undefined) return t("queue stopped");
  if (budget !== undefined) return t("budget used up");
  return limits.length > 0 ? t("usage limit") : undefined;
}

function iconOf(counts: ReadonlyMap<TaskGroup, number>, { stop, limits, budget }: QueueStatus): string {
  if (counts.has("attention")) return "$(bell-dot)";
  if (counts.has("running")) return "$(sync~spin)";
  if (stop !== undefined || budget !== undefined) return "$(warning)";
  return limits.length > 0 ? "$(clock)" : "$(checklist)";
}

/** When the next scheduled task becomes ready; undefined when none is scheduled. */
export function nextDue(tasks: readonly Task[], now: number): number | undefined {
  const times = tasks.filter((task) => groupOf(task, now) === "scheduled").map((task) => task.notBefore ?? now);
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
}
