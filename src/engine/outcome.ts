/** Writes what became of an attempt: its steps on the way, its end, and the task's next status. */
import { stepsUpTo, type Attempt, type AttemptStep, type Progress, type Task, type TaskResult } from "../model/task.ts";
import type { TaskEventBody } from "../model/taskEvent.ts";
import type { OutcomeDeps } from "./engineDeps.ts";
import type { Ledger, RowChange } from "./ledger.ts";
import type { LeasedTask } from "./ports.ts";
import type { TaskOutcome } from "./looper.ts";
import { nextRetry, type Retry } from "./retryPolicy.ts";
import * as machine from "./taskMachine.ts";

/** How far a task is when a step is behind it; between `session` and `agent_finished` Goose's own progress counts. */
const progressAfter: { readonly [S in AttemptStep]?: Progress } = {
  prepared: { percent: 3, message: "worktree ready, starting Goose" },
  agent_finished: { percent: 92, message: "checking the result" },
  verified: { percent: 95, message: "committing" },
  committed: { percent: 98, message: "finishing" },
};

/** Records a step of the attempt, with what it brought. */
export async function recordStep(ledger: Ledger, leased: LeasedTask, step: AttemptStep, data: Partial<Attempt>): Promise<void> {
  await ledger.change(
    leased.task.id,
    (task, attempt) => {
      if (attempt === undefined) return undefined;
      const progress = progressAfter[step];
      const events: TaskEventBody[] = [{ type: "checkpoint", step, data: { ...data } as never }];
      if (progress !== undefined) events.push({ type: "progress_update", progress });
      return {
        task: { ...task, ...(data.branch === undefined ? {} : { branch: data.branch }), ...(progress === undefined ? {} : { progress }) },
        attempt: { ...attempt, ...data, steps: stepsUpTo(step, attempt.steps) },
        events,
      };
    },
    leased.token,
  );
}

/** Records the end of an attempt; a lost lease is not ours to record. */
export async function recordOutcome(deps: OutcomeDeps, ledger: Ledger, leased: LeasedTask, outcome: TaskOutcome): Promise<void> {
  if (outcome.kind === "failed" && outcome.end === "lease_lost") {
    return deps.log.warn("the lease of the task is no longer ours; its late outcome was dropped", { task: leased.task.id, token: leased.token });
  }
  const retry = await remember(deps, leased, outcome);
  await ledger.change(leased.task.id, (task, attempt) => endOf({ deps, outcome, retry }, task, attempt), leased.token);
  if (outcome.kind === "completed" || outcome.end !== undefined) return;
  const { code, message } = outcome.error;
  deps.log.info("an attempt failed", { task: leased.task.id, attempt: leased.attempt.number, code, error: message });
}

/** Tells the queue as a whole, before anybody can hear of the end and start the next task. */
async function remember({ guard, clock, random }: OutcomeDeps, leased: LeasedTask, outcome: TaskOutcome): Promise<Retry | undefined> {
  if (outcome.kind === "completed") await guard.succeeded(leased);
  if (outcome.kind === "completed" || outcome.end !== undefined) return undefined;
  const retry = nextRetry(leased.task, outcome.error, clock.now(), random);
  await guard.failed(leased, outcome.error, retry);
  return retry;
}

/** How an attempt ended, and when the task is tried again. */
interface End<O extends TaskOutcome = TaskOutcome> {
  readonly deps: OutcomeDeps;
  readonly outcome: O;
  readonly retry: Retry | undefined;
}

function endOf({ deps, outcome, retry }: End, task: Task, attempt: Attempt | undefined): RowChange {
  const now = deps.clock.now();
  const startedAt = attempt?.startedAt ?? now;
  // The clock may have been set back meanwhile.
  const metrics = { startedAt, endedAt: now, durationMs: Math.max(0, now - startedAt) };
  if (outcome.kind === "completed") return completionOf(outcome, task, attempt, { now, metrics });
  const saved = outcome.savedAs === undefined ? "" : ` Unfinished work is kept at ${outcome.savedAs}.`;
  const reason = outcome.error.message + saved;
  switch (outcome.end ?? wishOf(task)) {
    case "stop":
      return { task: machine.stop(task, now), ...ended(attempt, { outcome: "stopped", endedAt: now, reason }), events: [{ type: "stopped", reason }] };
    case "cancel":
      return { task: machine.cancel(task, now), ...ended(attempt, { outcome: "cancelled", endedAt: now, reason }), events: [{ type: "cancelled", reason }] };
    case "shutdown":
    case "lease_lost":
      return { task: machine.lose(task, now), events: [{ type: "paused", reason, isInterrupted: true }] };
    default:
      return failureOf({ deps, outcome, retry }, task, attempt, {
        reason,
        result: { output: "", error: { code: outcome.error.code, message: reason }, metrics, artifacts: keptArtifacts(task) },
      });
  }
}

/** Done; or, when the user said something that Goose could not hear any more, done and put back for a follow-up. */
function completionOf(
  outcome: TaskOutcome & { kind: "completed" },
  task: Task,
  attempt: Attempt | undefined,
  { now, metrics }: { readonly now: number; readonly metrics: TaskResult["metrics"] },
): RowChange {
  const notPushed = outcome.notPushed === undefined ? undefined : `Not pushed: ${outcome.notPushed}`;
  const output = notPushed === undefined ? outcome.summary : `${outcome.summary}\n\n${notPushed}`;
  const result: TaskResult = { output, metrics, artifacts: outcome.commit.files };
  const done = machine.complete({ ...task, branch: outcome.workspace.branch }, result, now);
  const isTalkedTo = (task.inbox ?? []).length > 0;
  return {
    task: isTalkedTo ? machine.followUp(done, now) : done,
    ...ended(attempt, { outcome: "completed", endedAt: now, commits: outcome.commit.commits }),
    events: [
      ...(notPushed === undefined ? [] : [{ type: "log", level: "warn", message: notPushed } as const]),
      { type: "completed", summary: outcome.summary, unblocked: [] },
      ...(isTalkedTo ? [{ type: "requeued", reason: "A message of the user came when Goose had finished: it is told in a new attempt." } as const] : []),
    ],
    releaseDependants: true,
  };
}

/** What a follow-up that failed leaves as it was: the work that was done before it, on which others build. */
function keptArtifacts({ wasDone, result }: Task): readonly string[] {
  return wasDone === true ? (result?.artifacts ?? []) : [];
}

/** What another process asked for and nobody here has heard yet: a task that is to end is not tried again. */
function wishOf({ request }: Task): "stop" | "cancel" | undefined {
  return request === "stop" || request === "cancel" ? request : undefined;
}

function failureOf(
  { deps, outcome, retry }: End<TaskOutcome & { kind: "failed" }>,
  task: Task,
  attempt: Attempt | undefined,
  { reason, result }: { reason: string; result: TaskResult },
): RowChange {
  const now = deps.clock.now();
  const { code, details } = outcome.error;
  return {
    task: machine.fail(task, result, { now, retry }),
    ...ended(attempt, { outcome: "failed", endedAt: now, reason, errorCode: code }),
    events: [
      { type: "error", code, message: reason, ...(details === undefined ? {} : { details }), ...(retry === undefined ? {} : { willRetryAt: retry.at }) },
    ],
  };
}

function ended(attempt: Attempt | undefined, end: Partial<Attempt>): { attempt?: Attempt } {
  return attempt === undefined ? {} : { attempt: { ...attempt, ...end, steps: [...attempt.steps, "acknowledged"] } };
}
