import type { TaskChange } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import { oneLine } from "../platform/oneLine.ts";

/** Something that the user must act on, or a run that came to its end and waits for review. */
export interface Notice {
  readonly kind: "failed" | "attention" | "finished";
  readonly taskId: TaskId;
  readonly title: string;
  readonly message: string;
}

const maxMessage = 300;

/** What a change means for the user: a failure for good, a run that waits for an answer, finished work; everything else is no reason to interrupt. */
export function noticeOf({ event, task }: TaskChange): Notice | undefined {
  const title = oneLine(task.title, 80);
  if (event.type === "error" && task.status === "failed" && event.willRetryAt === undefined) {
    return { kind: "failed", taskId: task.id, title, message: oneLine(event.message, maxMessage) };
  }
  if (event.type === "completed" && task.status === "done") return { kind: "finished", taskId: task.id, title, message: "" };
  if (event.type === "attention" && event.attention !== null && task.attention !== undefined) {
    return { kind: "attention", taskId: task.id, title, message: oneLine(event.attention.message, maxMessage) };
  }
  return undefined;
}

/** One text for what came together. */
export function noticeText(notices: readonly Notice[]): string {
  const [first] = notices;
  if (first === undefined) return "";
  if (notices.length === 1) return single(first);
  const count = (wanted: Notice["kind"]): number => notices.filter(({ kind }) => kind === wanted).length;
  const waiting = count("attention");
  const counts = [
    count("failed") === 0 ? "" : `${count("failed")} failed`,
    waiting === 0 ? "" : `${waiting} ${waiting === 1 ? "needs" : "need"} you`,
    count("finished") === 0 ? "" : `${count("finished")} to review`,
  ].filter((text) => text !== "");
  const titles = notices.slice(0, 3).map(({ title }) => `"${title}"`);
  return `Tasks: ${counts.join(", ")} (${titles.join(", ")}${notices.length > 3 ? ", …" : ""}).`;
}

function single({ kind, title, message }: Notice): string {
  if (kind === "finished") return `"${title}" is done and waits for your review.`;
  return kind === "failed" ? `"${title}" failed: ${message}` : `"${title}" needs you: ${message}`;
}
