import { budgetText } from "../model/budget.ts";
import { blockersOf, blockerText, dependencyName, isStuck, type Blocker } from "../model/dependencies.ts";
import type { TaskId } from "../model/ids.ts";
import type { PermissionQuestion } from "../model/permission.ts";
import type { Attempt, Task, TaskStatus } from "../model/task.ts";
import { cleanLine, cleanText, shorten } from "./cleanText.ts";
import { indent, type Output, type Paint } from "./output.ts";
import { questionLines } from "./questionText.ts";
import { commitsOf, sumUsage, type TaskDetails } from "./taskJson.ts";

const colors: Readonly<Record<TaskStatus, keyof Paint>> = {
  todo: "bold",
  blocked: "yellow",
  in_progress: "cyan",
  paused: "yellow",
  stopped: "dim",
  done: "green",
  failed: "red",
  cancelled: "dim",
};

/** A status for people: "in progress". */
export function statusText(status: TaskStatus): string {
  return status.replace("_", " ");
}

/** A status in its colour, filled up to a width. */
export function paintStatus(status: TaskStatus, paint: Paint, width = 0): string {
  return paint[colors[status]](statusText(status).padEnd(width));
}

/** A task's name in messages: id and title. */
export function taskName(task: Task): string {
  return `${task.id} ${shorten(cleanLine(task.title), 100)}`;
}

/** The table of all tasks, one line each; an orphan is a task whose process is gone. */
export function listLines(tasks: readonly Task[], output: Output, isOrphan: (task: Task) => boolean): readonly string[] {
  const { paint, columns } = output;
  const header = `${"ID".padEnd(8)}  ${"STATUS".padEnd(11)}  ${"PRIORITY".padEnd(8)}  TITLE`;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const lines = tasks.map((task) => {
    const blockers = blockersOf(task, (id) => byId.get(id));
    const extras = listExtras(task, blockers, isOrphan(task) ? "its process is gone" : undefined);
    const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(20, columns - 33 - extras.length);
    const title = shorten(cleanLine(task.title), room);
    return `${task.id}  ${paintStatus(task.status, paint, 11)}  ${task.priority.padEnd(8)}  ${title}${paint.dim(extras)}`;
  });
  return [paint.dim(header), ...lines];
}

function waitsFor(blockers: readonly Blocker[]): string | undefined {
  if (blockers.length === 0) return undefined;
  return `waits for ${blockers.map(shortBlocker).join(", ")}`;
}

function shortBlocker(blocker: Blocker): string {
  if (blocker.reason === "missing") return dependencyName(blocker.id, undefined);
  return isStuck(blocker) ? `${blocker.id} (${blocker.reason})` : blocker.id;
}

function listExtras(task: Task, blockers: readonly Blocker[], note: string | undefined): string {
  const parts = [
    note,
    task.attention === undefined ? undefined : `needs you: ${task.attention.kind}`,
    task.status === "in_progress" || task.status === "paused" ? `${task.progress.percent} %` : undefined,
    task.status === "todo" && (task.notBefore ?? 0) > Date.now() ? `not before ${localTime(task.notBefore ?? 0)}` : undefined,
    task.deadline === undefined ? undefined : `due ${localTime(task.deadline)}`,
    task.status === "blocked" ? waitsFor(blockers) : undefined,
    task.branch === undefined ? undefined : cleanLine(task.branch),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : `  (${parts.join("; ")})`;
}

type Field = readonly [name: string, value: string | false | undefined];

/** Everything about one task. */
export function showLines(
  { task, attempts, blockers, unblocks, budget, isOrphan }: TaskDetails & { readonly isOrphan: boolean },
  paint: Paint,
): readonly string[] {
  const fields = [
    ...stateFields(task, isOrphan, paint),
    ...orderFields(task, blockers),
    ...dependencyFields(blockers, unblocks),
    ...workFields(task, attempts),
    ...budget.map((use): Field => ["budget", `${budgetText(use)} used`]),
    ["created", localTime(task.createdAt)] as Field,
  ];
  const question = task.attention?.question;
  const lines = fields.flatMap(([name, value]) => (value === undefined || value === false || value === "" ? [] : [`  ${paint.dim(name.padEnd(12))} ${value}`]));
  const prompt = task.prompt === task.title ? [] : block("prompt", task.prompt, paint);
  const result = block("result", task.result?.output ?? "", paint);
  return [
    `${paint.bold(task.id)} ${cleanLine(task.title)}`,
    ...lines,
    ...(question === undefined ? [] : questionBlock(task.id, question, paint)),
    ...prompt,
    ...attempts.flatMap((each) => attemptLines(each, paint)),
    ...result,
  ];
}

function stateFields(task: Task, isOrphan: boolean, paint: Paint): readonly Field[] {
  const { attention, progress, result } = task;
  return [
    ["status", `${paintStatus(task.status, paint)}${isOrphan ? ", but its process is gone" : ""}`],
    ["needs you", attention && `${attention.kind}: ${cleanLine(attention.message)}`],
    ["error", result?.error && cleanLine(result.error.message)],
    ["progress", `${progress.percent} % ${cleanLine(progress.message)}`.trimEnd()],
  ];
}

function orderFields(task: Task, blockers: readonly Blocker[]): readonly Field[] {
  const isGone = (id: TaskId): boolean => blockers.some((blocker) => blocker.id === id && blocker.reason === "missing");
  return [
    ["priority", task.priority],
    ["deadline", task.deadline !== undefined && localTime(task.deadline)],
    ["not before", task.notBefore !== undefined && localTime(task.notBefore)],
    ["depends on", task.dependsOn.map((id) => dependencyName(id, isGone(id) ? undefined : id)).join(", ")],
    ["tags", task.tags.map(cleanLine).join(", ")],
    ["accept", task.acceptance.commands.map(cleanLine).join("; ")],
  ];
}

function dependencyFields(blockers: readonly Blocker[], unblocks: readonly Task[]): readonly Field[] {
  return [
    ...blockers.map((blocker): Field => {
      const name = blocker.title === undefined ? undefined : `${blocker.id} ${shorten(cleanLine(blocker.title), 100)}`;
      return [blocker.reason === "waiting" ? "waits for" : "blocked by", blockerText(blocker, name)];
    }),
    ...unblocks.map((task): Field => ["unblocks", taskName(task)]),
  ];
}

function workFields(task: Task, attempts: readonly Attempt[]): readonly Field[] {
  return [
    ["branch", task.branch && cleanLine(task.branch)],
    ["integration", task.status === "done" && task.integration],
    ["commits", commitsOf(attempts).join(" ")],
    ["files", task.result?.artifacts.map(cleanLine).join(", ")],
    ["tokens", attempts.length > 0 && usageText(sumUsage(attempts))],
  ];
}

/** The whole question and how it is answered. */
function questionBlock(id: string, question: PermissionQuestion, paint: Paint): readonly string[] {
  return [
    `  ${paint.dim("question")}`,
    indent(questionLines(question).join("\n")),
    indent(`Answer: task-master-goose answer ${id} allow|always|reject [--note TEXT]`),
  ];
}

function block(name: string, text: string, paint: Paint): readonly string[] {
  return text.trim() === "" ? [] : [`  ${paint.dim(name)}`, indent(cleanText(text))];
}

function attemptLines(attempt: Attempt, paint: Paint): readonly string[] {
  const end = attempt.endedAt === undefined ? "" : ` to ${localTime(attempt.endedAt)}`;
  const why = cleanLine(attempt.reason ?? "");
  const places = [
    attempt.branch && `branch ${cleanLine(attempt.branch)}`,
    attempt.worktree && `worktree ${cleanLine(attempt.worktree)}`,
    attempt.sessionId && `session ${cleanLine(attempt.sessionId)}`,
    attempt.steps.length > 0 && `steps ${attempt.steps.join(", ")}`,
  ].filter((place) => typeof place === "string" && place !== "");
  return [
    `  ${paint.dim(`attempt ${attempt.number}`.padEnd(12))} ${attempt.outcome}, ${localTime(attempt.startedAt)}${end}${why === "" ? "" : `, ${why}`}`,
    ...places.map((place) => `  ${"".padEnd(12)} ${place}`),
  ];
}

/** Tokens and cost for people. */
export function usageText(usage: { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd?: number }): string {
  const cost = usage.costUsd === undefined ? "" : `, $${usage.costUsd.toFixed(4)}`;
  return `${usage.inputTokens} in, ${usage.outputTokens} out${cost}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** A time in the machine's zone, to the second and sortable. */
export function localTime(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
