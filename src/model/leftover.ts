import type { Task, TaskStatus } from "./task.ts";
import { statusWords } from "./taskActions.ts";

const order: readonly TaskStatus[] = ["in_progress", "todo", "paused", "blocked", "failed", "stopped", "cancelled"];

/** Why nothing was run, by what there is: "No task is ready: 2 failed, 1 waiting until 10:55." */
export function whatIsLeft(tasks: readonly Task[], now: number, formatTime: (time: number) => string): string {
  if (tasks.length === 0) return "The queue is empty.";
  const parts = order.flatMap((status) => {
    const those = tasks.filter((task) => task.status === status);
    return status === "todo" ? readyAndWaiting(those, now, formatTime) : counted(those.length, statusWords[status]);
  });
  if (parts.length === 0) return `No task is ready: ${tasks.length === 1 ? "the only one is" : `all ${tasks.length} are`} done.`;
  const isAnyReady = tasks.some((task) => task.status === "todo" && !isWaiting(task, now));
  return `${isAnyReady ? "No task was run" : "No task is ready"}: ${parts.join(", ")}.`;
}

function readyAndWaiting(tasks: readonly Task[], now: number, formatTime: (time: number) => string): readonly string[] {
  const waiting = tasks.filter((task) => isWaiting(task, now)).map(({ notBefore = now }) => notBefore);
  const first = waiting.reduce((a, b) => Math.min(a, b), Infinity);
  const until = `waiting${waiting.length === 1 ? "" : ", the first"} until ${waiting.length === 0 ? "" : formatTime(first)}`;
  return [...counted(tasks.length - waiting.length, statusWords.todo), ...counted(waiting.length, until)];
}

function isWaiting({ notBefore = 0 }: Task, now: number): boolean {
  return notBefore > now;
}

function counted(count: number, words: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${words}`];
}
