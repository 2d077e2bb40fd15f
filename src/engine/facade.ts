import type { Event } from "../base/event.ts";
import type { Blocker } from "../model/dependencies.ts";
import type { TaskId } from "../model/ids.ts";
import type { Budget, BudgetUse } from "../model/budget.ts";
import type { PermissionAnswer } from "../model/permission.ts";
import type { Acceptance, Attempt, Priority, Task } from "../model/task.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import type { TaskEvent, TaskEventName } from "../model/taskEvent.ts";
import type { EventQuery } from "./ports.ts";

/** What a person gives to queue a task; everything but the title has a default. */
export interface NewTask {
  /** 1 to 200 characters, one line. */
  readonly title: string;
  /** What Goose is told; the title when absent. At most 100,000 characters. */
  readonly prompt?: string;
  readonly priority?: Priority;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  readonly tags?: readonly string[];
  readonly dependsOn?: readonly TaskId[];
  readonly acceptance?: Acceptance;
  readonly budget?: Budget;
  /** Name of an agent profile; the default one when absent. */
  readonly agent?: string;
  readonly maxAttempts?: number;
}

/** Dependencies to add and to drop; what is there (or gone) already may be named again. */
export interface DependencyChange {
  readonly add?: readonly TaskId[];
  readonly drop?: readonly TaskId[];
}

/** Limits which tasks a run may take. */
export interface RunCriteria {
  /** The task has all of these. */
  readonly requireTags?: readonly string[];
  /** Least urgent priority that counts. */
  readonly minPriority?: Priority;
  /** Most urgent priority that counts. */
  readonly maxPriority?: Priority;
  /** How many candidates are read for one choice: at least one of each priority, which is enough and what is read when it is absent. */
  readonly limit?: number;
}

/** Published after the journal holds it: what happened, and the task as it is now. */
export interface TaskChange {
  /** "task:started", "task:tool_call", ... */
  readonly name: TaskEventName;
  readonly event: TaskEvent;
  readonly task: Task;
}

/**
 * Everything that views, commands and the terminal may ask of the engine. Every promise rejects with a TaskMasterError;
 * nothing is thrown at the user by the runs themselves: their failures are events of the task.
 */
export interface TaskEngineFacade {
  /** Hears every change of this queue, also those made by other processes (within a second). */
  readonly onDidChange: Event<readonly TaskChange[]>;
  /** Hears which tasks were removed from the queue, also by other processes (within a second). */
  readonly onDidRemove: Event<readonly TaskId[]>;
  /** A dependency that no task has is taken: the task is blocked and `blockers` says that it is missing. */
  enqueue(input: NewTask): Promise<Task>;
  list(): Promise<readonly Task[]>;
  /** TASK_NOT_FOUND when there is none. */
  get(id: TaskId): Promise<Task>;
  attempts(id: TaskId): Promise<readonly Attempt[]>;
  events(id: TaskId, query: EventQuery): Promise<readonly TaskEvent[]>;
  /** How much of every limit that holds for the task is used, the largest share first; nothing where no limit is set. */
  budget(id: TaskId): Promise<readonly BudgetUse[]>;
  /** Finds a task by its id or a unique beginning of it (TASK_NOT_FOUND, INVALID_INPUT when ambiguous). */
  find(idOrPrefix: string): Promise<Task>;
  /**
   * Claims and starts the most urgent ready task, also when the queue has stopped, which then goes on; undefined when none is
   * ready, or those that are wait for their agent's limit. The run goes on after the promise resolves.
   */
  runNext(criteria?: RunCriteria): Promise<RunningTask | undefined>;
  /** Claims and starts this task, out of turn and whatever keeps the queue from it (ILLEGAL_TRANSITION naming what it waits for, CONFLICT when no slot is free). A stopped queue goes on. */
  run(id: TaskId): Promise<RunningTask>;
  /**
   * Keeps every slot busy until no task is ready and none runs, or the queue stops (`queueStatus` tells why); waits for agents
   * at their limit. Resolves with the ids of the tasks that were run, in order of their end. When the signal aborts, nothing more is started; what runs goes on to its end.
   */
  runAll(criteria?: RunCriteria, options?: { readonly signal?: AbortSignal }): Promise<readonly TaskId[]>;
  /** Keeps the place: Goose holds at its next tool boundary. Also for a task that another process runs. */
  pause(id: TaskId): Promise<void>;
  /** Goes on where it was held; when the process that held it is gone, continues its Goose session here. */
  resume(id: TaskId): Promise<void>;
  /**
   * Answers the question that a run waits with (the task's `attention.question`), whichever process runs it. CONFLICT when it is not
   * open any more, for instance because somebody else was quicker, or when the process that asked is gone; INVALID_INPUT.
   */
  answer(id: TaskId, answer: PermissionAnswer): Promise<void>;
  /** Ends the attempt; the work stays on its branch. */
  stop(id: TaskId): Promise<void>;
  /** Gives the task up. */
  cancel(id: TaskId, reason?: string): Promise<void>;
  /** Puts a stopped task back into the queue (ILLEGAL_TRANSITION for any other): a fresh attempt goes on with the work that the stop kept. */
  startAgain(id: TaskId): Promise<void>;
  /** Puts a stopped, failed or cancelled task back into the queue. */
  retry(id: TaskId): Promise<void>;
  /**
   * Says something to Goose about a task: at its next step when it works, when it goes on while it is paused, with the task's text
   * before its first attempt. A task that has ended goes back into the queue, and its next attempt goes on in the same session with
   * the words. INVALID_INPUT when the text is empty or too long, or too much waits already. Resolves when the words are stored.
   */
  say(id: TaskId, text: string): Promise<void>;
  /** Asks for the end of one tool call; Goose hears of it and goes on. ILLEGAL_TRANSITION when nobody works on the task. What becomes of it is in the journal. */
  stopToolCall(id: TaskId, toolCallId: string): Promise<void>;
  /**
   * Changes what a task that is neither under way nor done depends on (ILLEGAL_TRANSITION), by which it may become blocked or
   * ready; DEPENDENCY_CYCLE names the tasks that would wait for each other.
   */
  changeDependencies(id: TaskId, change: DependencyChange): Promise<Task>;
  /** The dependencies that are not done: why each is not, and the step that helps. */
  blockers(id: TaskId): Promise<readonly Blocker[]>;
  /** The tasks that would become ready if this one were done. */
  whatWouldUnblock(id: TaskId): Promise<readonly Task[]>;
  /** Deletes a task that nobody works on (ILLEGAL_TRANSITION). Its branch stays; what depends on it is blocked until the dependency is dropped. */
  remove(id: TaskId): Promise<void>;
  /** What keeps the queue from starting tasks by itself: it has stopped, or agents wait for a limit. */
  queueStatus(): Promise<QueueStatus>;
  /** Hears the status whenever it changes, also by other processes. */
  readonly onDidChangeQueue: Event<QueueStatus>;
  /** Lets a stopped queue go on, and agents that wait for a limit try at once. Running a task by its id does so for that task. */
  resumeQueue(): Promise<void>;
  /** The tasks that this process works on now. */
  readonly running: readonly TaskId[];
}

/** A run in progress; `finished` resolves with the task as it is when the run has ended (done, failed, paused by a shutdown ...). */
export interface RunningTask {
  readonly task: Task;
  readonly finished: Promise<Task>;
}
