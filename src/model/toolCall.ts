import type { JsonValue } from "../base/json.ts";

/**
 * How far a tool call is. Two are ours: `cancelled` (Goose sends no last update when a run is cancelled) and `rejected` (what was not
 * allowed has failed for Goose).
 */
export const toolCallStatuses = ["pending", "in_progress", "completed", "failed", "cancelled", "rejected"] as const;
export type ToolCallStatus = (typeof toolCallStatuses)[number];

/** A tool call that waits for leave. */
export interface PermissionRequest {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly title: string;
  readonly input?: JsonValue;
  /** The input is longer than what is told of it. */
  readonly isCut?: boolean;
  /** Where the file of a write or an edit really is, every link followed: relative to the worktree when it is inside. */
  readonly target?: { readonly path: string; readonly isInside: boolean };
  /** What a write or an edit would change, as far as it can be told; long texts are cut. */
  readonly diff?: ToolDiff;
}

/** What Goose is answered. Nothing that it would remember beyond the one call. */
export const permissionOutcomes = ["allow_once", "reject_once"] as const;
export type PermissionOutcome = (typeof permissionOutcomes)[number];

/** A change of one file as Goose announced it; texts are capped. */
export interface ToolDiff {
  readonly path: string;
  readonly oldText?: string;
  readonly newText: string;
}

/** A place in a file that a tool call works on; the path is relative to the worktree where it lies inside. */
export interface ToolLocation {
  readonly path: string;
  /** From 1. */
  readonly line?: number;
}

/** What is known of one tool call after an update; absent fields have not changed. Output is a piece to append. */
export interface ToolCallUpdate {
  readonly toolCallId: string;
  readonly status?: ToolCallStatus;
  /** Goose's own name for the tool (shell, write, edit, tree, ...). */
  readonly toolName?: string;
  readonly title?: string;
  readonly input?: JsonValue;
  /** Text to append to the output seen so far. */
  readonly outputDelta?: string;
  readonly diffs?: readonly ToolDiff[];
  readonly exitCode?: number;
  /** What sort of thing it does, in ACP's words (read, edit, execute, ...). */
  readonly kind?: string;
  readonly locations?: readonly ToolLocation[];
  /** A line of what goes on inside the call: a sub-agent's step, the progress of an MCP tool. */
  readonly activity?: string;
}
