/**
 * The heart: what happens to a task between the queue and its acknowledgement. One loop per slot. All verbs are
 * parameters (LooperDeps), so that the same loop drives real Goose, a fake, a terminal and a test.
 *
 *   pull -> clean -> branch -> run -> verify (feedback, run again) -> commit -> push -> clean up -> ack
 *   on error: clean up (work is saved first) -> ack(failure)
 *
 * Each step is recorded when it is behind us. An interrupted attempt goes on there: what Goose had finished is checked
 * (again, as its worktree lay open meanwhile) and committed without asking Goose, what was committed is acknowledged.
 */
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import { RunEnd } from "./runEnd.ts";
import type { AgentResult, CommittedWork, LeasedTask, Workspace, VerbOptions } from "./ports.ts";
import type { LooperDeps, TaskOutcome } from "./looper.ts";

/** How often a failed check goes back to the same Goose session before the attempt counts as failed. */
export const maxFeedbackRounds = 1;

/** Works until there is no task left or the signal aborts. Failures of tasks are acknowledged, never thrown. */
export function loop(deps: LooperDeps): (options: VerbOptions) => Promise<void> {
  return async (options) => {
    for (;;) {
      const leased = await deps.pullTask(options);
      if (leased === "empty" || leased === "aborted") return;
      await deps.ackTask(leased, await execute(deps, leased, options));
    }
  };
}

/** One attempt, from the clean check to its outcome. */
async function execute(deps: LooperDeps, leased: LeasedTask, options: VerbOptions): Promise<TaskOutcome> {
  const committed = leased.continues?.commit;
  let workspace = committed?.workspace;
  try {
    if (committed !== undefined) return await finish(deps, leased, committed, options);
    if (!(await deps.git.isClean(leased, options))) {
      throw new TaskMasterError("DIRTY_REPOSITORY", "The repository has changes in the way. Commit or stash them, then retry.");
    }
    workspace = await deps.git.branch(leased, options);
    await recordPlace(deps, leased, workspace);
    const summary = await workUntilVerified(deps, leased, workspace, options);
    await deps.checkpoint(leased, "verified", {});
    const commit = await deps.git.commitAndPush(leased, workspace, options);
    await deps.checkpoint(leased, "committed", { commits: commit.commits, files: commit.files });
    return await finish(deps, leased, { ...commit, workspace, summary }, options);
  } catch (thrown) {
    return failure(deps, leased, workspace, { error: toTaskMasterError(thrown), options });
  }
}

/** A place that an interrupted attempt had already recorded is as it was, and so are the steps behind it. */
async function recordPlace(deps: LooperDeps, leased: LeasedTask, { branch, baseSha, startSha, worktree, isRemade }: Workspace): Promise<void> {
  if (leased.continues?.workspace !== undefined && isRemade !== true) return;
  await deps.checkpoint(leased, "prepared", { branch, baseSha, startSha, worktree });
}

/** What remains once the work is committed. */
async function finish(deps: LooperDeps, leased: LeasedTask, { workspace, summary, commits, files }: CommittedWork, options: VerbOptions): Promise<TaskOutcome> {
  const notPushed = leased.attempt.steps.includes("pushed") ? undefined : await push(deps, leased, workspace, options);
  await removeWorktree(deps, leased, workspace, options);
  return { kind: "completed", summary, commit: { commits, files }, workspace, ...(notPushed === undefined ? {} : { notPushed }) };
}

/** After the commit: work that is safe here is done, pushed or not. Gives why it was not, when that was asked for. */
async function push(deps: LooperDeps, leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<string | undefined> {
  try {
    const result = await deps.git.push(leased, workspace, options);
    if (!result.pushed) return result.reason;
  } catch (thrown) {
    options.signal.throwIfAborted();
    return toTaskMasterError(thrown).message;
  }
  await deps.checkpoint(leased, "pushed", {});
  return undefined;
}

/** After the commit: a worktree that cannot be removed is no reason to call the work failed. */
async function removeWorktree(deps: LooperDeps, leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<void> {
  try {
    await deps.git.cleanup(leased, workspace, "branch", options);
  } catch (thrown) {
    deps.log.warn("the worktree of a finished task could not be removed", { task: leased.task.id, worktree: workspace.worktree, error: String(thrown) });
  }
}

/** Runs the agent; a failed check goes back to it as feedback, a bounded number of times. */
async function workUntilVerified(deps: LooperDeps, leased: LeasedTask, workspace: Workspace, options: VerbOptions): Promise<string> {
  let result = resultOf(leased, workspace) ?? (await runAgent(deps, leased, workspace, options));
  for (let round = 0; ; round++) {
    const verdict = await deps.verify(leased, workspace, result, options);
    if (verdict.ok) return verdict.summary;
    const { message, feedback } = verdict;
    if (feedback === undefined || round >= maxFeedbackRounds) throw new TaskMasterError("VERIFICATION_FAILED", message, { retryable: feedback !== undefined });
    deps.log.info("check failed, going back to Goose with feedback", { task: leased.task.id, round });
    // From here on the earlier answer no longer counts, whatever happens to the next one.
    await deps.checkpoint(leased, "session", { sessionId: result.sessionId });
    result = await runAgent(deps, leased, workspace, { ...options, feedback });
  }
}

/** What the agent had finished before an interruption; with the worktree its work is gone. */
function resultOf({ continues }: LeasedTask, { isRemade }: Workspace): AgentResult | undefined {
  return isRemade === true ? undefined : continues?.result;
}

async function runAgent(
  deps: LooperDeps,
  leased: LeasedTask,
  workspace: Workspace,
  options: VerbOptions & { readonly feedback?: string },
): Promise<AgentResult> {
  const result = await deps.runWorker(leased, workspace, options);
  await deps.checkpoint(leased, "agent_finished", { sessionId: result.sessionId, finalMessage: result.finalMessage });
  return result;
}

/**
 * The outcome of an attempt that did not get through. Uncommitted work is saved before the worktree goes; where the
 * place is to be kept (a shutdown) or is no longer ours (a lost lease), nothing is touched.
 */
async function failure(
  deps: LooperDeps,
  leased: LeasedTask,
  workspace: Workspace | undefined,
  { error, options }: { readonly error: TaskMasterError; readonly options: VerbOptions },
): Promise<TaskOutcome> {
  const ended = endOf(error, options.signal);
  const intent = ended?.intent;
  const failed = ended === undefined ? ({ kind: "failed", error } as const) : ({ kind: "failed", error: ended, end: ended.intent } as const);
  if (workspace === undefined || intent === "shutdown" || intent === "lease_lost") return failed;
  try {
    const { savedAs } = await deps.git.cleanup(leased, workspace, intent === "stop" ? "branch" : "ref", options);
    return savedAs === undefined ? failed : { ...failed, savedAs };
  } catch (thrown) {
    deps.log.warn("clean-up failed; the worktree was left as it is", { task: leased.task.id, error: String(thrown) });
    return failed;
  }
}

/** Who ended the run from outside, if anybody did: the signal says so, or the worker found its lease gone. A bare abort is a stop. */
function endOf(error: TaskMasterError, signal: AbortSignal): RunEnd | undefined {
  // Whoever holds the lease now works in the same place.
  if (error.code === "STALE_LEASE") return new RunEnd("lease_lost", error.message);
  const { reason } = signal as { reason: unknown };
  if (reason instanceof RunEnd) return reason;
  if (error instanceof RunEnd) return error;
  return signal.aborted ? new RunEnd("stop", "The run was stopped.") : undefined;
}
