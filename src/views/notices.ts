import { t } from "../base/l10n.ts";
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
    count("failed") === 0 ? "" : t("{0} failed", count("failed")),
    waiting === 0 ? "" : t({ one: "{0} needs you", other: "{0} need you" }, waiting),
    count("finished") === 0 ? "" : t("{0} to review", count("finished")),
  ].filter((text) => text !== "");
  const titles = notices.slice(0, 3).map(({ title }) => t('"{0}"', title));
  return t("Tasks: {0} ({1}).", counts.join(", "), [...titles, ...(notices.length > 3 ? ["…"] : [])].join(", "));
}

function single({ kind, title, message }: Notice): string {
  if (kind === "finished") return t('"{0}" is done and waits for your review.', title);
  return kind === "failed" ? t('"{0}" failed: {1}', title, message) : t('"{0}" needs you: {1}', title, message);
}
