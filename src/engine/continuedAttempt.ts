import type { Attempt, Task } from "../model/task.ts";
import type { AgentResult, ContinuedAttempt, Workspace } from "./ports.ts";

/** Where an interrupted attempt stands, by what it recorded of its steps. */
export function continuedAttempt(task: Task, attempt: Attempt): ContinuedAttempt {
  const { sessionId, steps, commits, files } = attempt;
  const workspace = workspaceOf(task, attempt);
  const result = resultOf(attempt);
  const place = { ...(sessionId === undefined ? {} : { sessionId }), ...(workspace === undefined ? {} : { workspace }) };
  if (result === undefined) return place;
  if (workspace === undefined || files === undefined || !steps.includes("committed")) return { ...place, result };
  return { ...place, result, commit: { commits, files, workspace, summary: result.finalMessage } };
}

function workspaceOf({ repository }: Task, { branch, worktree, baseSha, startSha = baseSha }: Attempt): Workspace | undefined {
  if (branch === undefined || worktree === undefined || baseSha === undefined || startSha === undefined) return undefined;
  return { repository, worktree, branch, baseSha, startSha };
}

function resultOf({ sessionId, finalMessage, steps }: Attempt): AgentResult | undefined {
  if (sessionId === undefined || finalMessage === undefined || !steps.includes("agent_finished")) return undefined;
  return { sessionId, finalMessage };
}
