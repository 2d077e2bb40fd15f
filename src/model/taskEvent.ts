import type { JsonObject } from "../base/json.ts";
import type { ErrorCode } from "./errors.ts";
import type { TaskId } from "./ids.ts";
import type { PermissionAnswer } from "./permission.ts";
import type { Attention, AttemptStep, Progress, TaskRequest } from "./task.ts";
import type { ToolCallUpdate } from "./toolCall.ts";
import type { Usage } from "./usage.ts";
import type { UserMessage } from "./userMessage.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Who speaks in a message: Goose's answer, its thinking, the user or task text, or a status notice of Goose itself. */
export const messageRoles = ["agent", "thought", "user", "notice"] as const;
export type MessageRole = (typeof messageRoles)[number];

export const planStatuses = ["pending", "in_progress", "completed"] as const;

/** One line of Goose's plan. */
export interface PlanEntry {
  readonly text: string;
  readonly status: (typeof planStatuses)[number];
}

/** What happened to a task. The journal keeps these in order; every view is made from them. */
export type TaskEventBody =
  | { readonly type: "created" }
  | { readonly type: "started"; readonly owner: string }
  /** `isInterrupted`: nothing of the attempt runs any more (a shutdown, a crash), what was under way has ended; else it is held. */
  | { readonly type: "paused"; readonly reason: string; readonly isInterrupted?: true }
  | { readonly type: "resumed"; readonly owner: string }
  | { readonly type: "stopped"; readonly reason: string }
  | { readonly type: "completed"; readonly summary: string; readonly unblocked: readonly TaskId[] }
  | { readonly type: "error"; readonly code: ErrorCode; readonly message: string; readonly details?: string; readonly willRetryAt?: number }
  | { readonly type: "cancelled"; readonly reason: string }
  /** Back in the queue: a retry by hand, a start after a stop. */
  | { readonly type: "requeued"; readonly reason: string }
  | { readonly type: "blocked"; readonly by: readonly TaskId[] }
  /** `by` is absent when the last dependency that was open was dropped. */
  | { readonly type: "unblocked"; readonly by?: TaskId }
  /** Somebody changed what the task depends on. */
  | { readonly type: "dependencies"; readonly dependsOn: readonly TaskId[] }
  /** The task's last entry: row, attempts and the rest of the journal are gone. */
  | { readonly type: "removed" }
  /** Another process asked the owner of the lease for this. */
  | { readonly type: "requested"; readonly request: TaskRequest }
  /** The user has something to say to Goose; a message with the id `saidMessageId` tells that Goose has it. */
  | { readonly type: "said"; readonly message: UserMessage }
  /** The user wants one tool call to end. */
  | { readonly type: "stop_tool_call"; readonly toolCallId: string }
  | { readonly type: "progress_update"; readonly progress: Progress }
  /** A piece of a message; pieces with the same messageId and role belong together. */
  | { readonly type: "message"; readonly role: MessageRole; readonly messageId: string; readonly text: string }
  | { readonly type: "tool_call"; readonly call: ToolCallUpdate }
  /** Goose's plan or todo list as it is now, in place of the one before. */
  | { readonly type: "plan"; readonly entries: readonly PlanEntry[] }
  | { readonly type: "checkpoint"; readonly step: AttemptStep; readonly data?: JsonObject }
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly type: "attention"; readonly attention: Attention | null }
  /** A question was answered: by the user, or because nobody did in time. */
  | { readonly type: "answer"; readonly answer: PermissionAnswer; readonly by: "user" | "timeout" }
  /** Entries that only tell how the work went were removed a while after the task's end; `removed` counts all that are gone. */
  | { readonly type: "compacted"; readonly removed: number };

export type TaskEventType = TaskEventBody["type"];

/** What a handler in a worker may report while it works. */
export type WorkerEventBody = Extract<TaskEventBody, { type: "progress_update" | "message" | "tool_call" | "plan" | "checkpoint" | "usage" | "log" }>;

/** Entries that tell how the work went; the others tell what became of the task, and stay as long as it does. */
export const passingEventTypes: ReadonlySet<TaskEventType> = new Set(["message", "tool_call", "plan", "progress_update", "usage", "log"]);

const endTypes: ReadonlySet<TaskEventType> = new Set(["stopped", "completed", "error", "cancelled", "requeued"]);

/** Whether every tool call before an event is over: nothing of the attempt runs any more, or Goose is started anew. */
export function endsToolCalls(event: TaskEventBody): boolean {
  if (event.type === "paused") return event.isInterrupted === true;
  return event.type === "checkpoint" ? event.step === "prepared" || event.step === "session" : endTypes.has(event.type);
}

/** A journal entry: numbered from 1 within its task, without gaps until it is compacted, never changed. */
export type TaskEvent = TaskEventBody & {
  readonly taskId: TaskId;
  readonly seq: number;
  /** The attempt it belongs to; 0 for what happens outside attempts. */
  readonly attempt: number;
  readonly at: number;
};

/** An entry before the store numbers it. */
export type NewTaskEvent = TaskEventBody & { readonly attempt: number; readonly at: number };

/** The name under which an event is published on the bus: "task:started", "task:tool_call", ... */
export type TaskEventName = `task:${TaskEventType}`;
