import { blockersOf, blockerText, canBeRetried, dependencyName, isStuck, type Blocker, type FindTask } from "../model/dependencies.ts";
import { lastAttempt, type Task } from "../model/task.ts";
import { availableActions, mayChangeDependencies, statusWords, type TaskAction } from "../model/taskActions.ts";
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
  run: "starting…",
  pause: "pausing…",
  resume: "resuming…",
  stop: "stopping…",
  start: "starting…",
  retry: "queueing…",
  cancel: "cancelling…",
  remove: "removing…",
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
    `Priority: ${task.priority}${task.deadline === undefined ? "" : `, due ${when(task.deadline, context.now)}`}`,
    task.branch === undefined ? undefined : `Branch: ${task.branch}`,
    task.attempts === 0 ? undefined : `Attempt ${task.attempts} of ${lastAttempt(task)}`,
    task.tags.length === 0 ? undefined : `Tags: ${task.tags.join(", ")}`,
    ...dependencyLines(task, context),
    unblocks.length === 0 ? undefined : `Finishing it unblocks: ${unblocks.join(", ")}`,
    task.attention?.message,
    failure === undefined ? undefined : task.status === "failed" ? failure : `The last attempt failed: ${failure}`,
    `Id: ${task.id}`,
  ];
  return lines
    .filter((line) => line !== undefined)
    .map((line) => oneLine(line, maxTooltipLine))
    .join("\n");
}

/** A time for people: the hour when it is today, else the date too. */
export function when(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return date.toDateString() === new Date(now).toDateString() ? `today ${time}` : `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
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
  if (task.status !== "blocked") return [`Depends on: ${task.dependsOn.map((id) => dependencyName(id, find(id)?.title)).join(", ")}`];
  return sortedBlockers(task, find).map((blocker) => {
    const also = isStuck(blocker) && blocker.wayOut !== "drop" ? " or drop the dependency" : "";
    return `${isStuck(blocker) ? "Blocked by" : "Waits for"}: ${blockerText(blocker, blocker.title, also)}`;
  });
}

/** Those first that somebody must do something about. */
function sortedBlockers(task: Task, find: FindTask): readonly Blocker[] {
  return blockersOf(task, find).toSorted((a, b) => Number(isStuck(b)) - Number(isStuck(a)));
}

function describe(task: Task, group: TaskGroup, context: TaskItemContext): string {
  const head = group === "attention" ? "needs you" : headOf(task, group);
  const start = group !== "attention" && hasPercent(task) ? `${head} ${Math.round(task.progress.percent)} %` : head;
  const more = oneLine(details[group](task, context), maxDetail);
  return more === "" ? start : `${start}${separators[group] ?? " "}${more}`;
}

const separators: { readonly [G in TaskGroup]?: string } = { attention: ": ", ready: ", ", paused: ", ", review: ", ", done: ", ", failed: ": " };

function spoken(task: Task, group: TaskGroup, context: TaskItemContext): readonly string[] {
  const head = headOf(task, group);
  const percent = hasPercent(task) ? `${Math.round(task.progress.percent)} percent` : "";
  const more = group === "running" ? "" : oneLine(details[group](task, context), maxDetail);
  return [head, percent, group === "attention" ? "needs you" : "", more].filter((word) => word !== "");
}

function headOf(task: Task, group: TaskGroup): string {
  if (group !== "scheduled") return statusWords[task.status];
  return failureOf(task) === undefined ? "scheduled" : "tries again";
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
  blocked: blockedBy,
  scheduled: startTime,
  // A pause of this or another process holds the lease.
  paused: ({ lease }) => (lease === undefined ? "its window or terminal ended" : ""),
  review: outcome,
  done: outcome,
  failed: (task) => failureOf(task) ?? "",
};

/** "for today 10:55", or after a failed attempt "today 10:55: why it failed". */
function startTime(task: Task, { now }: TaskItemContext): string {
  const time = when(task.notBefore ?? now, now);
  const failure = failureOf(task);
  return failure === undefined ? `for ${time}` : `${time}: ${failure}`;
}

function urgency({ priority, deadline }: Task, { now }: TaskItemContext): string {
  return [priority === "medium" ? "" : priority, deadline === undefined ? "" : `due ${when(deadline, now)}`].filter((word) => word !== "").join(", ");
}

/** "by Add login (failed: retry it), Add tests": what only needs time needs no more words. */
function blockedBy(task: Task, { find }: TaskItemContext): string {
  const names = sortedBlockers(task, find).map((blocker) => {
    return blocker.wayOut === undefined ? dependencyName(blocker.id, blocker.title) : blockerText(blocker, blocker.title);
  });
  return names.length === 0 ? "" : `by ${names.join(", ")}`;
}

function outcome({ integration, result }: Task): string {
  return integration === "none" ? files(result?.artifacts.length ?? 0) : integration.replace("_", " ");
}

function files(count: number): string {
  return count === 0 ? "no files changed" : count === 1 ? "1 file changed" : `${count} files changed`;
}

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
