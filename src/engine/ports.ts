import type { Disposable, Event } from "../base/event.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { TaskId } from "../model/ids.ts";
import type { RunWish } from "../model/runWish.ts";
import type { Attempt, Priority, Task, TaskStatus } from "../model/task.ts";
import type { UserMessage } from "../model/userMessage.ts";
import type { LogLevel, NewTaskEvent, TaskEvent, TaskEventType, WorkerEventBody } from "../model/taskEvent.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";

/** Wall-clock time in milliseconds since the epoch. */
export interface Clock {
  now(): number;
}

/** One-shot timers; disposing cancels. */
export interface Timers {
  after(delayMs: number, run: () => void): Disposable;
}

/** Uniform randomness in [0, 1). */
export type Random = () => number;

/** The log of the program itself (not of a task). `data` must hold no secrets. */
export type Logger = Record<LogLevel, (message: string, data?: JsonObject) => void>;

/** A change of one task, applied as one transaction or not at all. */
export interface TaskWrite {
  /** The whole row as it shall be; `version` is the one that was read (the store raises it). */
  readonly task: Task;
  /** When set, the write counts only while the stored lease has this token. */
  readonly token?: number;
  readonly attempt?: Attempt;
  readonly events: readonly NewTaskEvent[];
  /**
   * The task is done: dependants that were only waiting for it go from blocked to todo in the same transaction,
   * each with an `unblocked` event; the store fills `unblocked` in this write's `completed` event.
   */
  readonly releaseDependants?: boolean;
}

export type TaskWriteResult =
  | { readonly ok: true; readonly task: Task; readonly events: readonly TaskEvent[]; readonly unblocked: readonly Task[] }
  /** conflict: somebody wrote since the read; stale_lease: the token is no longer the lease's; missing: no such task. */
  | { readonly ok: false; readonly reason: "conflict" | "stale_lease" | "missing" };

/** The removal's own event and those of its dependants, and the dependants, which are all blocked now. */
export type TaskRemovalResult =
  | { readonly ok: true; readonly events: readonly TaskEvent[]; readonly blocked: readonly Task[] }
  | Extract<TaskWriteResult, { ok: false }>;

/** Events of a running attempt, streamed; counts only while the stored lease has this token. */
export interface EventBatch {
  readonly taskId: TaskId;
  readonly token: number;
  readonly events: readonly NewTaskEvent[];
}

export interface TaskQuery {
  readonly statuses?: readonly TaskStatus[];
  readonly limit?: number;
}

/** A page of a task's journal in order of seq. With `beforeSeq` it is the last `limit` entries before it. */
export interface EventQuery {
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  /** Only entries of these types; absent: all. */
  readonly types?: readonly TaskEventType[];
  readonly limit: number;
}

/** Which of the ready tasks are asked for; an absent field lets all of them through. */
export interface CandidateFilter {
  readonly priorities?: readonly Priority[];
  /** The task has all of these. */
  readonly requireTags?: readonly string[];
  /** The task's agent profile is none of these; the empty name stands for the default one. */
  readonly exceptAgents?: readonly string[];
}

/** Remembers tasks, attempts and the journal. Every promise rejects with a TaskMasterError (STORE_*, DISK_FULL). */
export interface TaskStore {
  /** Identity of this queue, made with the database. */
  readonly uuid: string;
  insert(task: Task, events: readonly NewTaskEvent[]): Promise<readonly TaskEvent[]>;
  get(id: TaskId): Promise<Task | undefined>;
  /** Tasks in order of creation. */
  list(query?: TaskQuery): Promise<readonly Task[]>;
  /**
   * The head of the line: `todo` tasks whose `notBefore` has passed, for each priority at most `perPriority`,
   * earliest deadline first (none last), then oldest, then id. What the filter leaves out takes no place in the line.
   */
  candidates(now: number, perPriority: number, filter?: CandidateFilter): Promise<readonly Task[]>;
  /** Blocked tasks whose dependencies are all done. There are none unless a row was changed behind the engine's back. */
  strays(limit: number): Promise<readonly Task[]>;
  /** The dependencies of a task that are not done; ids that no task has are among them. */
  waitingFor(taskId: TaskId): Promise<readonly TaskId[]>;
  /** Tasks that depend on this one. */
  dependants(taskId: TaskId): Promise<readonly Task[]>;
  /** A change of `dependsOn` by which tasks would wait for each other rejects with DEPENDENCY_CYCLE, whoever else writes. */
  commit(write: TaskWrite): Promise<TaskWriteResult>;
  /**
   * Deletes the row of the version that was read, with its attempts and its journal but for this last event. Dependants that
   * were ready or blocked are blocked in the same transaction, each with a `blocked` event. The id is never given again.
   */
  remove(task: Task, event: NewTaskEvent): Promise<TaskRemovalResult>;
  /** Appends to the journal and folds `progress_update` and `usage` into the task and its attempt; undefined when the lease is lost. */
  append(batch: EventBatch): Promise<readonly TaskEvent[] | undefined>;
  /** False when the lease is no longer ours. */
  renewLease(taskId: TaskId, token: number, expiresAt: number): Promise<boolean>;
  /** Tasks with a lease, whether or not it has run out; the one that ends first is the first. */
  leased(): Promise<readonly Task[]>;
  attempts(taskId: TaskId): Promise<readonly Attempt[]>;
  events(taskId: TaskId, query: EventQuery): Promise<readonly TaskEvent[]>;
  /** What concerns the queue as a whole (an agent that waits, why the queue stopped), by name. */
  states(): Promise<ReadonlyMap<string, JsonObject>>;
  /** Replaces one of them, undefined being none, in one transaction and only while it is still `before`; false otherwise. */
  replaceState(name: string, before: JsonObject | undefined, after: JsonObject | undefined): Promise<boolean>;
  /** Another process changed one of them; heard while anybody listens to `onDidChangeElsewhere`. */
  readonly onDidChangeStateElsewhere: Event<void>;
  /** What other processes wrote to the same queue, heard within a second while anybody listens. */
  readonly onDidChangeElsewhere: Event<readonly TaskEvent[]>;
  close(): Promise<void>;
}

/** Work for a worker: a handler's name and what it needs, all serialisable. */
export interface TaskInvocation {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly handler: string;
  readonly input: JsonObject;
}

export interface InvocationObserver {
  /** A worker took the invocation. */
  onClaim?(): void;
  /** Events in order; batched by the worker. Until what it returns has settled they count as on their way: of those there are only so many at once. */
  onEvents?(events: readonly WorkerEventBody[]): unknown;
  /** The worker lives and still works on it. */
  onHeartbeat?(): void;
  /** A tool call waits for leave; without an observer for it, it is declined. */
  onPermission?(request: PermissionRequest): PermissionOutcome | Promise<PermissionOutcome>;
}

/** One running invocation. `result` rejects with the handler's TaskMasterError (code and cause kept), CANCELLED or WORKER_FAILED. */
export interface InvocationHandle {
  readonly result: Promise<JsonValue>;
  /** Holds the handler at its next gate (for Goose: the next tool boundary). */
  pause(): void;
  resume(): void;
  /** Told to the handler; one that knows no wishes does not hear it, nor does one that has ended. */
  tell(wish: RunWish): void;
  /** Asks the handler to end; the first reason wins. */
  cancel(reason: string): void;
}

/** Runs handlers outside the engine: in threads, or inline through the same path. */
export interface WorkerHost {
  /** Starts the workers; idempotent. */
  start(): Promise<void>;
  run(invocation: TaskInvocation, observer?: InvocationObserver): InvocationHandle;
  /**
   * Whether an invocation of this task gives no sign of life any more: its worker hangs, or does not know it. The lease of such
   * a task is not renewed. False when nothing of the task runs in a worker.
   */
  isSilent(taskId: TaskId): boolean;
  /** Cancels what runs, waits at most `graceMs`, then terminates; idempotent. */
  stop(graceMs: number): Promise<void>;
}

/** Where an attempt works: its own worktree on its own branch. */
export interface Workspace {
  readonly repository: string;
  readonly worktree: string;
  readonly branch: string;
  /** The commit from which the task's work starts. */
  readonly baseSha: string;
  /** The head of the branch when this attempt began: what lies between is an earlier attempt's, and no evidence for this one. */
  readonly startSha: string;
  /** The interrupted attempt's worktree was gone: this is a new one, and what was not committed is lost. */
  readonly isRemade?: boolean;
}

export interface CommitResult {
  /** The task's commits on its branch since `baseSha`, oldest first. */
  readonly commits: readonly string[];
  /** Paths changed since `baseSha`, relative to the repository. */
  readonly files: readonly string[];
}

/** Whether the commits are at the remote; without `reason` nobody asked for it (no remote is set). */
export type PushResult = { readonly pushed: true } | { readonly pushed: false; readonly reason?: string };

/** A task with the lease and attempt that this engine holds on it. */
export interface LeasedTask {
  readonly task: Task;
  readonly attempt: Attempt;
  readonly token: number;
  /** The branches to start from: those of the tasks it depends on; none means HEAD of the repository. */
  readonly baseBranches: readonly string[];
  /** The newest commit that earlier attempts recorded: the work is found by it when somebody deleted the branch. */
  readonly ownHead?: string;
  /** Set when an interrupted attempt is continued (after a pause or a crash) instead of starting anew. */
  readonly continues?: ContinuedAttempt;
}

/** How far an interrupted attempt got. */
export interface ContinuedAttempt {
  readonly sessionId?: string;
  readonly workspace?: Workspace;
  /** The agent had finished: its work remains to be checked and committed. */
  readonly result?: AgentResult;
  /** The work was committed: it remains to be acknowledged. */
  readonly commit?: CommittedWork;
}

/** Work that is checked and on its branch. */
export interface CommittedWork extends CommitResult {
  readonly workspace: Workspace;
  readonly summary: string;
}

/** The git verbs of the loop. All reject with TaskMasterError; the user's checkout, index and stash are never touched. */
export interface GitOperations {
  /** Whether work may start here: a repository with a commit and an identity (NOT_A_REPOSITORY, NO_COMMIT, NO_IDENTITY are thrown), nothing unfinished in the way. */
  isClean(leased: LeasedTask, options: VerbOptions): Promise<boolean>;
  /** Makes the task's branch and worktree, or finds those of the attempt it continues. */
  branch(leased: LeasedTask, options: VerbOptions): Promise<Workspace>;
  /** Paths changed in the worktree and on the branch since this attempt began, uncommitted ones included. */
  changes(leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<readonly string[]>;
  /** Commits all work with the task's message and trailer; finds its own earlier commit instead of making a second. */
  commitAndPush(leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<CommitResult>;
  /**
   * The second half of `commitAndPush`, a step of its own so that the commit is recorded before the network is asked: sends the
   * branch to the remote of the settings, never by force. A remote that cannot be had or says no is an answer, not an error.
   */
  push(leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<PushResult>;
  /**
   * Removes the worktree. Unfinished work is saved first: on the branch (`keep: "branch"`), or under a ref of its own, and then
   * the branch is as it was when the attempt began. Resolves with where.
   */
  cleanup(leased: LeasedTask, workspace: Workspace, keep: "branch" | "ref", options?: Pick<VerbOptions, "onEvents">): Promise<{ readonly savedAs?: string }>;
}

/**
 * Ends what an attempt left running when the process that ran it went; resolves with the number of processes that were ended.
 * Only those of the lease that the attempt names: whoever has taken the task over since is not touched.
 */
export type RunReaper = (attempt: Attempt) => Promise<number>;

export interface AbortOptions {
  readonly signal: AbortSignal;
}

/** How a verb of the loop is called. */
export interface VerbOptions extends AbortOptions {
  /** Hears what is to be told in the task's journal: warnings, the output of commands. */
  readonly onEvents?: (events: readonly WorkerEventBody[]) => unknown;
}

/** What an agent is told: a task, feedback, or how to go on; with `sessionId` in the session it already has. */
export interface AgentPrompt {
  readonly text: string;
  readonly sessionId?: string;
  /** The user's words that are in the text: the agent has them once it has the prompt. */
  readonly said?: readonly UserMessage[];
}

/** A prompt turn in progress. */
export interface AgentTurn {
  readonly result: Promise<AgentResult>;
  pause(): void;
  resume(): void;
  tell(wish: RunWish): void;
  cancel(reason: string): void;
}

/** Lets the agent (Goose) work in a workspace. */
export interface AgentRunner {
  run(leased: LeasedTask, workspace: Workspace, prompt: AgentPrompt, observer: InvocationObserver): AgentTurn;
}

/** How one acceptance command ended. */
export interface CommandCheck {
  readonly command: string;
  readonly exitCode: number;
  readonly outputTail: string;
  readonly timedOut: boolean;
}

/** Runs a task's acceptance commands in its worktree. */
export interface Verifier {
  runCommands(leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<readonly CommandCheck[]>;
}

/** What the agent left behind when it ended well. */
export interface AgentResult {
  readonly sessionId: string;
  readonly finalMessage: string;
}
