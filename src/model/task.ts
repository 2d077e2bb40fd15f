import type { JsonObject } from "../base/json.ts";
import type { Allowances, Budget, BudgetUse } from "./budget.ts";
import type { ErrorCode } from "./errors.ts";
import type { TaskId } from "./ids.ts";
import type { PermissionQuestion } from "./permission.ts";
import type { Usage, UsageOffset } from "./usage.ts";
import type { UserMessage } from "./userMessage.ts";

/** Every status a task can have, as stored (product.md section 2). */
export const taskStatuses = ["todo", "blocked", "in_progress", "paused", "stopped", "done", "failed", "cancelled"] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** How urgent a task is, most urgent first. */
export const priorities = ["critical", "high", "medium", "low"] as const;
export type Priority = (typeof priorities)[number];

/** What became of a done task's branch. */
export const integrations = ["none", "merged", "pull_request", "discarded", "conflict"] as const;
export type Integration = (typeof integrations)[number];

/** Why a running task needs the user. */
export const attentionKinds = ["permission", "question", "conflict", "budget", "stall"] as const;
export type AttentionKind = (typeof attentionKinds)[number];

export interface Attention {
  readonly kind: AttentionKind;
  readonly message: string;
  /** The limit that was reached (kind "budget"). */
  readonly use?: BudgetUse;
  /** What the user is asked (kind "permission"). */
  readonly question?: PermissionQuestion;
}

/** How far a task is: percent from 0 to 100, with a line for people. */
export interface Progress {
  readonly percent: number;
  readonly message: string;
  readonly metadata?: JsonObject;
}

/** What must hold before the work counts: commands that exit 0 in the worktree, and a text for the agent. */
export interface Acceptance {
  readonly commands: readonly string[];
  readonly criteria?: string;
}

/** What a task produced; `error` tells why the last attempt failed. */
export interface TaskResult {
  readonly output: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly metrics: { readonly startedAt: number; readonly endedAt: number; readonly durationMs: number };
  /** Paths that the task's commits changed, relative to the repository. */
  readonly artifacts: readonly string[];
}

/**
 * The right to work on a task: only its owner may write, only with this token, only before it expires.
 * Tokens of one task grow with every claim (fencing), so a late writer is always recognised.
 */
export interface Lease {
  readonly owner: string;
  readonly token: number;
  readonly expiresAt: number;
}

/** What another process asks the lease's owner to do; it acts on it and clears it. */
export const taskRequests = ["pause", "resume", "stop", "cancel"] as const;
export type TaskRequest = (typeof taskRequests)[number];

/** The agent profile of tasks that only show what a run looks like: no Goose, no model. */
export const demoAgent = "demo";

/** A unit of work that the user queued. All times are milliseconds since the epoch. */
export interface Task {
  readonly id: TaskId;
  readonly title: string;
  readonly prompt: string;
  readonly status: TaskStatus;
  readonly priority: Priority;
  readonly deadline?: number;
  readonly tags: readonly string[];
  readonly dependsOn: readonly TaskId[];
  readonly parent?: TaskId;
  /** Name of the agent profile; absent means the default one. */
  readonly agent?: string;
  readonly acceptance: Acceptance;
  /** Limits of its own, which go over those of the settings. */
  readonly budget: Budget;
  /** The first attempt that counts for its budget: a retry by hand gives the whole again. */
  readonly budgetFrom?: number;
  readonly allowances?: Allowances;
  /** Not eligible before this time (backoff, schedule). */
  readonly notBefore?: number;
  readonly cron?: string;
  /** Tries: attempts that failed and count. */
  readonly maxAttempts: number;
  /** Attempts that cost no try: they met a limit of the provider or a full disk, or lie before a retry by hand. */
  readonly freeAttempts?: number;
  /** The working directory whose repository the task changes. */
  readonly repository: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly progress: Progress;
  readonly result?: TaskResult;
  readonly integration: Integration;
  readonly attention?: Attention;
  /** What the user allowed for the whole task, by the keys of the questions. */
  readonly grants?: readonly string[];
  /** How many attempts were started; the newest has this number. */
  readonly attempts: number;
  /** Highest lease token given out so far. */
  readonly fence: number;
  readonly lease?: Lease;
  readonly request?: TaskRequest;
  /** Words of the user that Goose does not have yet, oldest first; gone from here with the journal entry that Goose has them. */
  readonly inbox?: readonly UserMessage[];
  /** Words that Goose was given since the task was last done: told again to a session that cannot know them. */
  readonly heard?: readonly UserMessage[];
  /** The next attempt goes on in the session of the last one, with the user's words. */
  readonly followsUp?: true;
  /** It was done before the user had more to say: whoever depends on it need not wait again. */
  readonly wasDone?: true;
  /** The branch that holds (or will hold) the newest attempt's work. */
  readonly branch?: string;
  /** Grows with every change of the row; writers name the version that they read. */
  readonly version: number;
}

/** The number of the last attempt that the task is allowed as it stands. */
export function lastAttempt({ attempts, maxAttempts, freeAttempts = 0 }: Pick<Task, "attempts" | "maxAttempts" | "freeAttempts">): number {
  return Math.max(attempts, maxAttempts + freeAttempts);
}

/** The steps of an attempt in order; recovery continues behind the last one that is recorded. */
export const attemptSteps = ["prepared", "session", "agent_finished", "verified", "committed", "pushed", "acknowledged"] as const;
export type AttemptStep = (typeof attemptSteps)[number];

/** The steps behind an attempt that has just reached one: what was recorded of later ones counts no more. */
export function stepsUpTo(reached: AttemptStep, recorded: readonly AttemptStep[]): readonly AttemptStep[] {
  const end = attemptSteps.indexOf(reached);
  return attemptSteps.filter((step, index) => step === reached || (index < end && recorded.includes(step)));
}

export const attemptOutcomes = ["running", "completed", "failed", "stopped", "cancelled", "lost"] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** One execution of a task, 1-based. */
export interface Attempt {
  readonly taskId: TaskId;
  readonly number: number;
  readonly token: number;
  readonly owner: string;
  readonly outcome: AttemptOutcome;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** The ACP session, kept so that a pause or a crash can continue it. */
  readonly sessionId?: string;
  readonly branch?: string;
  /** Where the task's work begins on its branch, and where this attempt's began. */
  readonly baseSha?: string;
  readonly startSha?: string;
  readonly worktree?: string;
  /** What is behind the attempt; recording a step voids those that come later. */
  readonly steps: readonly AttemptStep[];
  /** The agent's last message, once it has finished. */
  readonly finalMessage?: string;
  readonly commits: readonly string[];
  /** Paths that the commits changed, relative to the repository; once they are made. */
  readonly files?: readonly string[];
  readonly usage: Usage;
  /** Belongs to `sessionId`; absent until the attempt has a session. */
  readonly usageOffset?: UsageOffset;
  /** How often the process that ran it went away. */
  readonly interruptions?: number;
  /** Why it ended, for people. */
  readonly reason?: string;
  readonly errorCode?: ErrorCode;
}
