import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";

/** A decision on a tool call; `reason` is for the journal. */
export interface PermissionDecision {
  readonly outcome: PermissionOutcome;
  readonly reason?: string;
}

/**
 * Goose's sub-agents work inside Goose: no permission requests, no terminals of ours, its whole environment with the
 * provider's key, and no bounds to the worktree.
 */
const subAgents = /(^|__)delegate$/;

/** Decides on a tool call: everything may go ahead in the task's own worktree, but what could not be kept there. */
export function decidePermission({ toolName }: PermissionRequest): PermissionDecision {
  if (!subAgents.test(toolName)) return { outcome: "allow_once" };
  return { outcome: "reject_once", reason: "A sub-agent was declined: its work could neither be paused nor be kept inside the worktree." };
}
