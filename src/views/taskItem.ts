import { formLocale, t } from "../base/l10n.ts";
import { blockersOf, blockerText, canBeRetried, dependencyName, isStuck, type Blocker, type FindTask } from "../model/dependencies.ts";
import { lastAttempt, type Integration, type Priority, type Task } from "../model/task.ts";
import { availableActions, mayChangeDependencies, statusWordsIn, type TaskAction } from "../model/taskActions.ts";
import { oneLine } from "../platform/oneLine.ts";
import { groupOf, type TaskGroup } from "./taskGroups.ts";

/** What a row of the tree shows, free of VS Code's types. */
export interface TaskItemModel {
  readonly label: string;
  readonly description: string;
  readonly icon: { readonly id: string; readonly color?: string };
  /** "task", the actions that are legal now and what can be done about its dependencies, for the menus' when-clauses. */
  readonly contextValue: string;
  readonly accessibilityLabel: string;
}

/** What a row needs to know besides its task. */
export interface TaskItemContext {
  readonly now: number;
  readonly pending?: TaskAction | undefined;
  readonly find: FindTask;
}

const maxDetail = 80;
const maxTooltipLine = 400;

/** Words for an action that is under way. */
export const pendingWords: { readonly [A in TaskAction]: string } = {
  run: t("starting…"),
  pause: t("pausing…"),
  resume: t("resuming…"),
  stop: t("stopping…"),
  start: t("starting…"),
  retry: t("queueing…"),
  cancel: t("cancelling…"),
  remove: t("removing…"),
};

/** The row of a task. */
export function taskItem(task: Task, context: TaskItemContext): TaskItemModel {
  const pending = context.pending ?? task.request;
  const group = groupOf(task, context.now);
  const label = oneLine(task.title, 200);
  return {
    label,
    description: pending === undefined ? describe(task, group, context) : pendingWords[pending],
    icon: iconOf(task, group),
    contextValue: contextValue(task, context),
    accessibilityLabel: [label, ...(pending === undefined ? spoken(task, group, context) : [pendingWords[pending].replace("…", "")])].join(", "),
  };
}

/** A longer text for the hover: everything about a task in a few lines. `unblocks` are the titles that wait for it. */
export function taskTooltip(task: Task, context: TaskItemContext, unblocks: readonly string[]): string {
  const failure = failureOf(task);
  const lines = [
    oneLine(task.title, 200),
    taskItem(task, context).accessibilityLabel.slice(oneLine(task.title, 200).length + 2),
    priorityLine(task, context),
    ...workLines(task),
    ...dependencyLines(task, context),
    unblocks.length === 0 ? undefined : t("Finishing it unblocks: {0}", unblocks.join(", ")),
    task.attention?.message,
    failure === undefined ? undefined : task.status === "failed" ? failure : t("The last attempt failed: {0}", failure),
    t("Id: {0}", task.id),
  ];
  return lines
    .filter((line) => line !== undefined)
    .map((line) => oneLine(line, maxTooltipLine))
    .join("\n");
}

function priorityLine({ priority, deadline }: Task, { now }: TaskItemContext): string {
  const word = priorityWords[priority];
  return deadline === undefined ? t("Priority: {0}", word) : t("Priority: {0}, due {1}", word, when(deadline, now));
}

function workLines(task: Task): readonly (string | undefined)[] {
  return [
    task.branch === undefined ? undefined : t("Branch: {0}", task.branch),
    task.attempts === 0 ? undefined : t("Attempt {0} of {1}", task.attempts, lastAttempt(task)),
    task.tags.length === 0 ? undefined : t("Tags: {0}", task.tags.join(", ")),
  ];
}

/** A time for people: the hour when it is today, else the date too. */
export function when(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString(formLocale(), { hour: "2-digit", minute: "2-digit" });
  return date.toDateString() === new Date(now).toDateString()
    ? t("today {0}", time)
    : `${date.toLocaleDateString(formLocale(), { day: "numeric", month: "short" })} ${time}`;
}

function contextValue(task: Task, { pending, find }: TaskItemContext): string {
  const actions = availableActions(task).filter((action) => action !== pending);
  const blockers = task.status === "blocked" ? blockersOf(task, find) : [];
  const more = [
    mayChangeDependencies(task.status) ? "depends" : undefined,
    blockers.some(canBeRetried) ? "retryDependency" : undefined,
    blockers.some(isStuck) ? "dropDependency" : undefined,
    task.attention?.question === undefined ? undefined : "answer",
  ].filter((word) => word !== undefined);
  return ["task", ...actions, ...more].join(" ");
}

/** What it depends on; while it is blocked, why and what helps, each on a line. */
function dependencyLines(task: Task, { find }: TaskItemContext): readonly string[] {
  if (task.dependsOn.length === 0) return [];
  if (task.status !== "blocked") return [t("Depends on: {0}", task.dependsOn.map((id) => dependencyName(id, find(id)?.title, t)).join(", "))];
  return sortedBlockers(task, find).map((blocker) => {
    const text = blockerText(blocker, blocker.title, { t, withDrop: isStuck(blocker) });
    return isStuck(blocker) ? t("Blocked by: {0}", text) : t("Waits for: {0}", text);
  });
}

/** Those first that somebody must do something about. */
function sortedBlockers(task: Task, find: FindTask): readonly Blocker[] {
  return blockersOf(task, find).toSorted((a, b) => Number(isStuck(b)) - Number(isStuck(a)));
}

function describe(task: Task, group: TaskGroup, context: TaskItemContext): string {
  const head = group === "attention" ? t("needs you") : headOf(task, group, context);
  const start = group !== "attention" && hasPercent(task) ? `${head} ${Math.round(task.progress.percent)} %` : head;
  const more = oneLine(details[group](task, context), maxDetail);
  return more === "" ? start : `${start}${separators[group] ?? " "}${more}`;
}

const separators: { readonly [G in TaskGroup]?: string } = {
  attention: ": ",
  ready: ", ",
  scheduled: ": ",
  paused: ", ",
  review: ", ",
  done: ", ",
  failed: ": ",
};

function spoken(task: Task, group: TaskGroup, context: TaskItemContext): readonly string[] {
  const head = headOf(task, group, context);
  const percent = hasPercent(task) ? t("{0} percent", Math.round(task.progress.percent)) : "";
  const more = group === "running" ? "" : oneLine(details[group](task, context), maxDetail);
  return [head, percent, group === "attention" ? t("needs you") : "", more].filter((word) => word !== "");
}

/** The status, with what belongs into one sentence with it. */
function headOf(task: Task, group: TaskGroup, context: TaskItemContext): string {
  if (group === "scheduled") return startTime(task, context);
  return (group === "blocked" ? blockedBy(task, context) : undefined) ?? statusWords[task.status];
}

/** Why the last attempt failed, while the task waits or has failed for good. */
function failureOf({ status, result }: Task): string | undefined {
  return status === "todo" || status === "blocked" || status === "failed" ? result?.error?.message : undefined;
}

function hasPercent(task: Task): boolean {
  return task.status === "in_progress" || (task.status === "paused" && task.progress.percent > 0);
}

type Detail = (task: Task, context: TaskItemContext) => string;

/** What the row says behind status and percent. */
const details: { readonly [G in TaskGroup]: Detail } = {
  attention: (task) => task.attention?.message ?? "",
  running: (task) => task.progress.message,
  ready: urgency,
  blocked: () => "",
  scheduled: (task) => failureOf(task) ?? "",
  // A pause of this or another process holds the lease.
  paused: ({ lease }) => (lease === undefined ? t("its window or terminal ended") : ""),
  review: outcome,
  done: outcome,
  failed: (task) => failureOf(task) ?? "",
};

/** When it starts, or is tried again. */
function startTime(task: Task, { now }: TaskItemContext): string {
  const time = when(task.notBefore ?? now, now);
  return failureOf(task) === undefined ? t("scheduled for {0}", time) : t("tries again {0}", time);
}

function urgency({ priority, deadline }: Task, { now }: TaskItemContext): string {
  return [priority === "medium" ? "" : priorityWords[priority], deadline === undefined ? "" : t("due {0}", when(deadline, now))]
    .filter((word) => word !== "")
    .join(", ");
}

/** "blocked by Add login (failed: retry it), Add tests": what only needs time needs no more words. */
function blockedBy(task: Task, { find }: TaskItemContext): string | undefined {
  const names = sortedBlockers(task, find).map((blocker) => {
    return blocker.wayOut === undefined ? dependencyName(blocker.id, blocker.title, t) : blockerText(blocker, blocker.title, { t });
  });
  return names.length === 0 ? undefined : t("blocked by {0}", oneLine(names.join(", "), maxDetail));
}

function outcome({ integration, result }: Task): string {
  return integration === "none" ? files(result?.artifacts.length ?? 0) : integrationWords[integration];
}

function files(count: number): string {
  return count === 0 ? t("no files changed") : t({ one: "{0} file changed", other: "{0} files changed" }, count);
}

const statusWords = statusWordsIn(t);
const priorityWords: { readonly [P in Priority]: string } = { critical: t("critical"), high: t("high"), medium: t("medium"), low: t("low") };
const integrationWords: { readonly [I in Exclude<Integration, "none">]: string } = {
  merged: t("merged"),
  pull_request: t("pull request"),
  discarded: t("discarded"),
  conflict: t("conflict"),
};

const groupIcons: { readonly [G in TaskGroup]: TaskItemModel["icon"] } = {
  running: { id: "sync~spin", color: "charts.blue" },
  attention: { id: "bell-dot", color: "notificationsWarningIcon.foreground" },
  ready: { id: "circle-large-outline" },
  blocked: { id: "lock", color: "disabledForeground" },
  scheduled: { id: "clock", color: "charts.purple" },
  paused: { id: "debug-pause", color: "charts.yellow" },
  review: { id: "eye", color: "charts.green" },
  done: { id: "pass-filled", color: "charts.green" },
  failed: { id: "error", color: "charts.red" },
};

function iconOf(task: Task, group: TaskGroup): TaskItemModel["icon"] {
  if (task.status === "stopped") return { id: "debug-stop", color: "debugIcon.stopForeground" };
  if (task.status === "cancelled") return { id: "circle-slash", color: "disabledForeground" };
  return groupIcons[group];
}
