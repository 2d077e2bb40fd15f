/**
 * How a whole-row write meets what was streamed meanwhile.
 *
 * Streams (`append`, `renewLease`) write into a row while the engine holds an older snapshot of it, and must not make
 * the engine's next state write fail. So they do not count as a conflict, and the state write must not undo them:
 *
 * - progress: without a lease nothing can have been streamed since the version that the writer names, so its value counts.
 *   With a lease it counts when the writer says so (a `progress_update` among its events) or when the new status begins
 *   or ends the measure (done, todo, blocked). Otherwise (pause, stop, failure, a request ...) the stored value stays.
 * - lease: the same lease never ends earlier than the stored, perhaps renewed, time.
 * - attempt: steps only grow, but for a checkpoint, which voids those behind it; usage never shrinks; a place once known
 *   (session, branch ...) is not forgotten.
 */
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { TaskWrite } from "../engine/ports.ts";
import { attemptSteps, stepsUpTo, type Attempt, type AttemptStep, type Lease, type Progress, type Task } from "../model/task.ts";
import type { NewTaskEvent } from "../model/taskEvent.ts";
import type { Usage, UsageOffset } from "../model/usage.ts";

/** The parts of the stored row that streams may have changed. */
export interface StreamedState {
  readonly lease: Lease | undefined;
  readonly progress: Progress | undefined;
}

/** The task to store for a state write: the writer's, with what was streamed since it read. */
export function mergeTask({ task, events }: TaskWrite, stored: StreamedState): Task {
  const progress = keepsProgress(task, events, stored) ? stored.progress : undefined;
  const lease = laterLease(task.lease, stored.lease);
  return { ...task, ...(progress === undefined ? {} : { progress }), ...(lease === undefined ? {} : { lease }) };
}

function keepsProgress(task: Task, events: readonly NewTaskEvent[], stored: StreamedState): boolean {
  if (stored.lease === undefined || events.some((event) => event.type === "progress_update")) return false;
  return task.status !== "done" && task.status !== "todo" && task.status !== "blocked";
}

function laterLease(lease: Lease | undefined, stored: Lease | undefined): Lease | undefined {
  if (lease === undefined || stored === undefined || lease.token !== stored.token) return lease;
  return { ...lease, expiresAt: Math.max(lease.expiresAt, stored.expiresAt) };
}

/** The attempt to store for a state write with these events. */
export function mergeAttempt(written: Attempt, stored: Attempt | undefined, events: readonly NewTaskEvent[] = []): Attempt {
  if (stored === undefined) return written;
  const reached = events.findLast((event) => event.type === "checkpoint")?.step;
  const steps = mergeSteps(stored.steps, written.steps);
  return {
    ...placeOf(stored),
    ...written,
    steps: reached === undefined ? steps : stepsUpTo(reached, steps),
    commits: written.commits.length > 0 ? written.commits : stored.commits,
    usage: laterUsage(written.usage, stored.usage),
  };
}

function placeOf({ sessionId, usageOffset, branch, baseSha, startSha, worktree }: Attempt): AttemptPlace {
  return {
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(usageOffset === undefined ? {} : { usageOffset }),
    ...(branch === undefined ? {} : { branch }),
    ...(baseSha === undefined ? {} : { baseSha }),
    ...(startSha === undefined ? {} : { startSha }),
    ...(worktree === undefined ? {} : { worktree }),
  };
}

type AttemptPlace = Pick<Attempt, "sessionId" | "usageOffset" | "branch" | "baseSha" | "startSha" | "worktree">;

function mergeSteps(stored: readonly AttemptStep[], added: readonly AttemptStep[]): readonly AttemptStep[] {
  return attemptSteps.filter((step) => stored.includes(step) || added.includes(step));
}

/** Usage never shrinks within an attempt: the larger one is the later one. */
function laterUsage(written: Usage, stored: Usage): Usage {
  return tokensOf(written) > tokensOf(stored) ? { ...stored, ...written } : { ...written, ...stored };
}

function tokensOf({ inputTokens, outputTokens }: Usage): number {
  return inputTokens + outputTokens;
}

/** The attempt after streamed events (usage, checkpoint); the same object when none of them concerns it. */
export function foldIntoAttempt(attempt: Attempt, events: readonly NewTaskEvent[]): Attempt {
  let folded = attempt;
  for (const event of events) {
    if (event.type === "usage") folded = { ...folded, usage: event.usage };
    if (event.type === "checkpoint") {
      folded = { ...folded, steps: stepsUpTo(event.step, folded.steps), ...checkpointData(event.data ?? {}) };
    }
  }
  return folded;
}

const placeKeys = ["sessionId", "branch", "baseSha", "startSha", "worktree"] as const;

function checkpointData(data: JsonObject): Partial<Attempt> {
  const place: { -readonly [K in (typeof placeKeys)[number]]?: string } = {};
  for (const key of placeKeys) {
    const value = data[key];
    if (typeof value === "string") place[key] = value;
  }
  const commits: unknown = data["commits"];
  const hasCommits = Array.isArray(commits) && commits.every((commit) => typeof commit === "string");
  const usageOffset = usageOffsetOf(data["usageOffset"]);
  return { ...place, ...(usageOffset === undefined ? {} : { usageOffset }), ...(hasCommits ? { commits } : {}) };
}

function usageOffsetOf(value: JsonValue | undefined): UsageOffset | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { inputTokens, outputTokens, costUsd } = value as JsonObject;
  if (typeof inputTokens !== "number" || typeof outputTokens !== "number" || typeof costUsd !== "number") return undefined;
  return { inputTokens, outputTokens, costUsd };
}

/** The last progress among streamed events. */
export function lastProgress(events: readonly NewTaskEvent[]): Progress | undefined {
  return events.findLast((event) => event.type === "progress_update")?.progress;
}
