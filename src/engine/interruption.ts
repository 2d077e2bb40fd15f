import type { Attempt, AttemptStep } from "../model/task.ts";

/** What is left to do behind each step, for people. */
const remaining: { readonly [S in AttemptStep]?: string } = {
  prepared: "its worktree was ready",
  session: "Goose was at work",
  agent_finished: "Goose had finished, its work was being checked",
  verified: "its work was checked and was being committed",
  committed: "its work is committed",
  pushed: "its work is committed and pushed",
};

/** The one line that tells the user of a crash. */
export function interruptionReason(attempt: Attempt | undefined, ended: number): string {
  const last = attempt?.steps.at(-1);
  const where = (last === undefined ? undefined : remaining[last]) ?? "it had just begun";
  const left = ended === 0 ? "" : ` ${ended === 1 ? "A process" : `${ended} processes`} that it left running ${ended === 1 ? "was" : "were"} ended.`;
  return `The process that ran the task is gone (a crash, a kill or a restart); ${where}.${left} Resume to go on there.`;
}
