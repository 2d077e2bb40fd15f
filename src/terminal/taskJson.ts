import type { BudgetUse } from "../model/budget.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { Blocker } from "../model/dependencies.ts";
import type { Attempt, Task } from "../model/task.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import { noUsage, type Usage } from "../model/usage.ts";

/** A task with what is known besides its row. */
export interface TaskDetails {
  readonly task: Task;
  readonly attempts: readonly Attempt[];
  readonly blockers: readonly Blocker[];
  /** What finishing it would make ready. */
  readonly unblocks: readonly Task[];
  /** How much of each limit is used, the largest share first. */
  readonly budget: readonly BudgetUse[];
}

/** A task as one NDJSON object; times are ISO strings, what is not there is null. */
export function taskJson(task: Task): JsonObject {
  return {
    id: task.id,
    title: task.title,
    status: task.status,
    priority: task.priority,
    branch: task.branch ?? null,
    deadline: iso(task.deadline),
    dependsOn: task.dependsOn,
    tags: task.tags,
    parent: task.parent ?? null,
    agent: task.agent ?? null,
    acceptance: { commands: task.acceptance.commands, criteria: task.acceptance.criteria ?? null },
    progress: { percent: task.progress.percent, message: task.progress.message },
    integration: task.integration,
    attention: attentionJson(task),
    error: task.result?.error === undefined ? null : { ...task.result.error },
    attemptCount: task.attempts,
    maxAttempts: task.maxAttempts,
    notBefore: iso(task.notBefore),
    createdAt: iso(task.createdAt),
    updatedAt: iso(task.updatedAt),
  };
}

/** A task with everything that is known of it. */
export function taskDetailsJson({ task, attempts, blockers, unblocks, budget }: TaskDetails): JsonObject {
  return {
    ...taskJson(task),
    blockers: blockers.map(({ id, title, status, reason, wayOut }) => ({
      id,
      title: title ?? null,
      status: status ?? null,
      reason,
      wayOut: wayOut ?? null,
    })),
    unblocks: unblocks.map(({ id }) => id),
    budget: budget.map(({ scope, measure, used, limit }) => ({ scope, measure, used, limit })),
    prompt: task.prompt,
    repository: task.repository,
    attempts: attempts.map(attemptJson),
    usage: usageJson(sumUsage(attempts)),
    commits: commitsOf(attempts),
    result: resultJson(task),
  };
}

/** A journal entry as one NDJSON object: `seq` of the line counts what this process printed, `event.seq` the task's journal. */
export function eventJson(event: TaskEvent): JsonObject {
  const { taskId, at, ...rest } = event;
  const times = event.type === "error" && event.willRetryAt !== undefined ? { willRetryAt: iso(event.willRetryAt) } : {};
  return { taskId, event: { ...rest, at: iso(at), ...times } as unknown as JsonObject };
}

/** What all attempts together used; cost is absent when no attempt knows its own. */
export function sumUsage(attempts: readonly Attempt[]): Usage {
  return attempts.reduce<Usage>((sum, { usage }) => {
    const cost = sum.costUsd === undefined && usage.costUsd === undefined ? undefined : (sum.costUsd ?? 0) + (usage.costUsd ?? 0);
    return {
      inputTokens: sum.inputTokens + usage.inputTokens,
      outputTokens: sum.outputTokens + usage.outputTokens,
      ...(cost === undefined ? {} : { costUsd: cost }),
    };
  }, noUsage);
}

/** The commits of all attempts, oldest first, each once. */
export function commitsOf(attempts: readonly Attempt[]): readonly string[] {
  return [...new Set(attempts.flatMap(({ commits }) => commits))];
}

/** Milliseconds since the epoch as an ISO string. */
export function iso(time: number | undefined): string | null {
  // A time beyond what Date can hold must not end the listing of all other tasks.
  return time === undefined || Number.isNaN(new Date(time).getTime()) ? null : new Date(time).toISOString();
}

function attemptJson(attempt: Attempt): JsonObject {
  return {
    number: attempt.number,
    outcome: attempt.outcome,
    startedAt: iso(attempt.startedAt),
    endedAt: iso(attempt.endedAt),
    branch: attempt.branch ?? null,
    baseSha: attempt.baseSha ?? null,
    worktree: attempt.worktree ?? null,
    sessionId: attempt.sessionId ?? null,
    commits: attempt.commits,
    usage: usageJson(attempt.usage),
    steps: attempt.steps,
    reason: attempt.reason ?? null,
    errorCode: attempt.errorCode ?? null,
  };
}

function attentionJson({ attention }: Task): JsonValue {
  if (attention === undefined) return null;
  const { kind, message, question } = attention;
  return { kind, message, ...(question === undefined ? {} : { question: question as unknown as JsonObject }) };
}

function usageJson(usage: Usage): JsonObject {
  return { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, costUsd: usage.costUsd ?? null };
}

function resultJson({ result }: Task): JsonValue {
  if (result === undefined) return null;
  const { startedAt, endedAt, durationMs } = result.metrics;
  return {
    output: result.output,
    error: result.error === undefined ? null : { ...result.error },
    metrics: { startedAt: iso(startedAt), endedAt: iso(endedAt), durationMs },
    artifacts: result.artifacts,
  };
}
