import type { TaskChange } from "../engine/facade.ts";
import { revealed } from "../base/revealed.ts";
import type { TaskId } from "../model/ids.ts";
import { commandOf } from "../model/permission.ts";
import type { Attention } from "../model/task.ts";
import { oneLine } from "../platform/oneLine.ts";

/** Something that the user must act on, or a run that came to its end and waits for review. */
export interface Notice {
  readonly kind: "failed" | "attention" | "finished";
  readonly taskId: TaskId;
  readonly title: string;
  readonly message: string;
  /** The question that can be answered where the notice is shown: what it is about is in the message, whole. */
  readonly questionId?: string;
}

const maxMessage = 300;
/** A question has no longer title. */
const maxShown = 190;

/** What a change means for the user: a failure for good, a run that waits for an answer, finished work; everything else is no reason to interrupt. */
export function noticeOf({ event, task }: TaskChange): Notice | undefined {
  const title = oneLine(task.title, 80);
  if (event.type === "error" && task.status === "failed" && event.willRetryAt === undefined) {
    return { kind: "failed", taskId: task.id, title, message: oneLine(event.message, maxMessage) };
  }
  if (event.type === "completed" && task.status === "done") return { kind: "finished", taskId: task.id, title, message: "" };
  if (event.type === "attention" && event.attention !== null && task.attention !== undefined) {
    return attentionNotice(task.id, title, event.attention);
  }
  return undefined;
}

/** A question that is shown whole can be answered right there. */
function attentionNotice(taskId: TaskId, title: string, { message, question }: Attention): Notice {
  const line = oneLine(revealed(message), maxMessage);
  const command = question === undefined ? undefined : commandOf(question);
  const isWhole = command !== undefined && command.length <= maxShown && line.startsWith(`${command} (`);
  return { kind: "attention", taskId, title, message: line, ...(isWhole && question !== undefined ? { questionId: question.id } : {}) };
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
