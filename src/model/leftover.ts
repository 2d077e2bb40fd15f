import { english, type Translate } from "../base/l10n.ts";
import type { Task, TaskStatus } from "./task.ts";
import { statusCount } from "./taskActions.ts";

const order: readonly TaskStatus[] = ["in_progress", "todo", "paused", "blocked", "failed", "stopped", "cancelled"];

/** Why nothing was run, by what there is: "No task is ready: 2 failed, 1 waiting until 10:55." */
export function whatIsLeft(tasks: readonly Task[], now: number, formatTime: (time: number) => string, t: Translate = english): string {
  if (tasks.length === 0) return t("The queue is empty.");
  const parts = order.flatMap((status) => {
    const those = tasks.filter((task) => task.status === status);
    return status === "todo" ? readyAndWaiting(those, { now, formatTime, t }) : counted(status, those.length, t);
  });
  if (parts.length === 0) return t({ one: "No task is ready: the only one is done.", other: "No task is ready: all {0} are done." }, tasks.length);
  const isAnyReady = tasks.some((task) => task.status === "todo" && !isWaiting(task, now));
  return isAnyReady ? t("No task was run: {0}.", parts.join(", ")) : t("No task is ready: {0}.", parts.join(", "));
}

function readyAndWaiting(
  tasks: readonly Task[],
  { now, formatTime, t }: { readonly now: number; readonly formatTime: (time: number) => string; readonly t: Translate },
): readonly string[] {
  const waiting = tasks.filter((task) => isWaiting(task, now)).map(({ notBefore = now }) => notBefore);
  const first = waiting.reduce((a, b) => Math.min(a, b), Infinity);
  const ready = counted("todo", tasks.length - waiting.length, t);
  if (waiting.length === 0) return ready;
  return [...ready, t({ one: "{0} waiting until {1}", other: "{0} waiting, the first until {1}" }, waiting.length, formatTime(first))];
}

function isWaiting({ notBefore = 0 }: Task, now: number): boolean {
  return notBefore > now;
}

function counted(status: TaskStatus, count: number, t: Translate): readonly string[] {
  return count === 0 ? [] : [statusCount(status, count, t)];
}
