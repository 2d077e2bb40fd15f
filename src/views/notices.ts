import type { TaskChange } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import { oneLine } from "../platform/oneLine.ts";

/** Something that the user must act on. */
export interface Notice {
  readonly kind: "failed" | "attention";
  readonly taskId: TaskId;
  readonly title: string;
  readonly message: string;
}

const maxMessage = 300;

/** What a change means for the user: a failure for good, or a run that waits for an answer; everything else is no reason to interrupt. */
export function noticeOf({ event, task }: TaskChange): Notice | undefined {
  const title = oneLine(task.title, 80);
  if (event.type === "error" && task.status === "failed" && event.willRetryAt === undefined) {
    return { kind: "failed", taskId: task.id, title, message: oneLine(event.message, maxMessage) };
  }
  if (event.type === "attention" && event.attention !== null && task.attention !== undefined) {
    return { kind: "attention", taskId: task.id, title, message: oneLine(event.attention.message, maxMessage) };
  }
  return undefined;
}

/** One text for what came together. */
export function noticeText(notices: readonly Notice[]): string {
  const [first] = notices;
  if (first === undefined) return "";
  if (notices.length === 1) return first.kind === "failed" ? `"${first.title}" failed: ${first.message}` : `"${first.title}" needs you: ${first.message}`;
  const failed = notices.filter(({ kind }) => kind === "failed").length;
  const waiting = notices.length - failed;
  const counts = [failed === 0 ? "" : `${failed} failed`, waiting === 0 ? "" : `${waiting} ${waiting === 1 ? "needs" : "need"} you`].filter(
    (text) => text !== "",
  );
  const titles = notices.slice(0, 3).map(({ title }) => `"${title}"`);
  return `Tasks: ${counts.join(", ")} (${titles.join(", ")}${notices.length > 3 ? ", …" : ""}).`;
}
