import { t } from "../../base/l10n.ts";
import type { TaskStatus } from "../../model/task.ts";
import { legalActions, type TaskAction } from "../../model/taskActions.ts";
import { viewActions, type ViewAction, type ViewAttempt, type ViewTask } from "../../protocol/hostWebview.ts";
import type { IconName } from "./icons.ts";
import { formatDuration } from "./text.ts";

/** The status as word and drawing. */
export interface Chip {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: string;
}

const chips: { readonly [S in TaskStatus]: Chip } = {
  todo: { word: t("Ready"), icon: "waiting", tone: "quiet" },
  blocked: { word: t("Blocked"), icon: "blocked", tone: "quiet" },
  in_progress: { word: t("Running"), icon: "running", tone: "info" },
  paused: { word: t("Paused"), icon: "paused", tone: "warning" },
  stopped: { word: t("Stopped"), icon: "stopped", tone: "warning" },
  done: { word: t("Done"), icon: "done", tone: "good" },
  failed: { word: t("Failed"), icon: "failed", tone: "bad" },
  cancelled: { word: t("Cancelled"), icon: "cancelled", tone: "quiet" },
};

const pendingWords: { readonly [A in TaskAction]: string } = {
  run: t("Starting…"),
  start: t("Starting…"),
  pause: t("Pausing…"),
  resume: t("Resuming…"),
  stop: t("Stopping…"),
  retry: t("Queueing…"),
  cancel: t("Cancelling…"),
  remove: t("Removing…"),
};

/** What the chip shows; `isConnected` tells whether anybody would say when the status changes. */
export function chipOf(task: ViewTask, now: number, isConnected = true): Chip {
  const { status, pending, attention } = task;
  if (!isConnected) return { word: t("Not known"), icon: "waiting", tone: "quiet" };
  if (pending === undefined && isScheduled(task, now)) return { ...chips.todo, word: task.attempts > 0 ? t("Tries again later") : t("Scheduled") };
  if (pending !== undefined) return { ...chips[status], word: pendingWords[pending] };
  return attention === undefined ? chips[status] : { word: t("Needs you"), icon: "attention", tone: "warning" };
}

/** Whether the task waits for its time. */
export function isScheduled({ status, notBefore }: ViewTask, now: number): boolean {
  return status === "todo" && notBefore !== undefined && notBefore > now;
}

/** The buttons that are legal now. Of a stopped task starting and retrying are the same: it has the one of its row in the tree. */
export function buttonsOf({ status, pending }: ViewTask): readonly ViewAction[] {
  const legal = legalActions(status).filter((action, _index, all) => action !== "retry" || !all.includes("start"));
  return viewActions.filter((action) => legal.includes(action) && action !== pending);
}

/** How long the newest attempt was worked on, without its pauses; undefined before the first, and until it is known. */
export function elapsedOf(attempts: readonly ViewAttempt[], now: number): string | undefined {
  const active = newestOf(attempts)?.active;
  return active === undefined ? undefined : formatDuration(active.ms + (active.since === undefined ? 0 : Math.max(0, now - active.since)));
}

/** Whether the elapsed time grows. */
export function isTicking({ status }: ViewTask, attempts: readonly ViewAttempt[]): boolean {
  return status === "in_progress" && newestOf(attempts)?.active?.since !== undefined;
}

/** Branch and attempt in short texts. */
export function factsOf(task: ViewTask): readonly string[] {
  const facts: string[] = [];
  if (task.branch !== undefined) facts.push(t("Branch {0}", task.branch));
  if (task.attempts > 0) facts.push(t("Attempt {0} of {1}", task.attempts, Math.max(task.attempts, task.maxAttempts)));
  return facts;
}

function newestOf(attempts: readonly ViewAttempt[]): ViewAttempt | undefined {
  return attempts.reduce<ViewAttempt | undefined>((newest, attempt) => (newest === undefined || attempt.number > newest.number ? attempt : newest), undefined);
}
