/** Claims and leases: who may work on a task, and what happens when its owner is gone. */
import type { Disposable } from "../base/event.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Attempt, Task } from "../model/task.ts";
import type { TaskEventBody } from "../model/taskEvent.ts";
import { noUsage } from "../model/usage.ts";
import { allowed } from "./allowance.ts";
import { clearWorktree } from "./clearWorktree.ts";
import { continuedAttempt } from "./continuedAttempt.ts";
import { notEligible } from "./dependencies.ts";
import { isOvertaken } from "./overtaken.ts";
import type { OutcomeDeps } from "./engineDeps.ts";
import type { RunCriteria } from "./facade.ts";
import type { ComputeChange, Ledger, RowChange } from "./ledger.ts";
import type { LeasedTask } from "./ports.ts";
import { NextTask, type NoChoice } from "./nextTask.ts";
import { isEligible } from "./selectTask.ts";
import { repeat } from "./repeat.ts";
import * as machine from "./taskMachine.ts";
import { interruptionReason } from "./interruption.ts";

/** What the choice of a task asked of it, asked once more when it is taken. */
export interface ClaimLimits {
  readonly now: number;
  readonly criteria: RunCriteria;
}

/** The next task under a lease, or why there is none. */
export type Claim = { readonly kind: "claimed"; readonly leased: LeasedTask } | NoChoice;

/** Gives out and takes back leases for one engine. */
export class LeaseDesk {
  readonly #deps: OutcomeDeps;
  readonly #ledger: Ledger;
  readonly #next: NextTask;
  readonly #onInterrupted: (id: TaskId, attempt: Attempt) => void;
  /** Tasks whose lease could not be in good hands at the last look: under which token, how often in a row, and when that was counted. */
  #doubtful: ReadonlyMap<TaskId, { readonly fence: number; readonly looks: number; readonly at: number }> = new Map();

  /** `onInterrupted` hears of each running task that this desk found without an owner and put to `paused`, with this interruption counted. */
  constructor(deps: OutcomeDeps, ledger: Ledger, onInterrupted: (id: TaskId, attempt: Attempt) => void) {
    this.#deps = deps;
    this.#ledger = ledger;
    this.#next = new NextTask(deps);
    this.#onInterrupted = onInterrupted;
  }

  /**
   * Takes an eligible task for a new attempt (ILLEGAL_TRANSITION when it is not or somebody else has it). Without `limits`
   * somebody asked for this very task: it need not wait for its time.
   */
  async claim(id: TaskId, limits: ClaimLimits = { now: Infinity, criteria: {} }): Promise<LeasedTask> {
    const { owner, clock, store } = this.#deps;
    let refusal: TaskMasterError | undefined;
    const task = await this.#ledger.change(id, async (row) => {
      const waitingFor = await store.waitingFor(id);
      refusal = isEligible(row, limits.now, limits.criteria, waitingFor) ? undefined : await notEligible(store, row);
      if (refusal !== undefined) {
        // Ready by its row alone: the store puts that right with any write.
        return row.status === "todo" && waitingFor.length > 0 ? { task: row, events: [] } : undefined;
      }
      const ready = row.status === "blocked" ? machine.unblock(row, clock.now()) : row;
      const next = machine.claim(ready, this.#newLease(), clock.now());
      const unblocked: TaskEventBody[] = ready === row ? [] : [{ type: "unblocked" }];
      return { task: next, attempt: newAttempt(next, owner, clock.now()), events: [...unblocked, { type: "started", owner }] };
    });
    if (refusal !== undefined) throw refusal;
    return this.#leased(task);
  }

  /** Takes the most urgent task that may start; a person's wish goes over a stop of the queue. */
  async claimNext(criteria: RunCriteria, isWish: boolean): Promise<Claim> {
    const refused = new Set<TaskId>();
    for (;;) {
      const choice = await this.#next.choose({ criteria, isWish, refused });
      if (choice.kind !== "task") return choice;
      try {
        return { kind: "claimed", leased: await this.claim(choice.task.id, { now: this.#deps.clock.now(), criteria }) };
      } catch (thrown) {
        if (!isOvertaken(thrown)) throw thrown; // or a dependency is open: choose again
        refused.add(choice.task.id);
      }
    }
  }

  /** Takes a paused task whose holder is gone; its attempt goes on (CONFLICT when somebody else has it). */
  async takeOver(id: TaskId): Promise<LeasedTask> {
    const { owner, clock } = this.#deps;
    let left: Attempt | undefined;
    const task = await this.#ledger.change(id, (row, attempt) => {
      left = attempt;
      if (this.isHeld(row)) throw justTaken(id);
      const { row: free, events } = allowed(row);
      const next = machine.takeOver(free, this.#newLease(), clock.now());
      const token = next.fence;
      return {
        task: next,
        ...(attempt === undefined ? {} : { attempt: { ...attempt, outcome: "running", owner, token } }),
        events: [{ type: "resumed", owner }, ...events],
      };
    });
    await this.#endLeftovers(id, left);
    return this.#leased(task, true);
  }

  /**
   * Ends a task that no process works on; what an interrupted attempt left in its worktree is saved. CONFLICT when a process
   * has taken the task since it was read: that one is to be asked.
   */
  async endWithoutOwner(left: Task, intent: "stop" | "cancel", reason: string): Promise<void> {
    const { id, fence } = left;
    if (!isUnderWay(left)) return this.#end(left, intent, reason);
    // Should this process die in the middle, the next one to find the task finds the wish as well.
    const seized = await this.#seize(id, fence, intent);
    if (seized === undefined) throw justTaken(id);
    return this.#end(seized.task, intent, reason);
  }

  /** Ends a task: one that was under way under the lease that we took for it, any other as long as nobody takes it. */
  async #end(left: Task, intent: "stop" | "cancel", reason: string): Promise<void> {
    const { id, fence, lease } = left;
    const { clock } = this.#deps;
    const savedAs = isUnderWay(left) ? await clearWorktree(this.#deps, await this.#leased(left, true), intent) : undefined;
    const why = savedAs === undefined ? reason : `${reason} Unfinished work is kept at ${savedAs}.`;
    const compute: ComputeChange = (task, attempt) => {
      if (task.fence !== fence) throw justTaken(id);
      const next = intent === "stop" ? machine.stop(task, clock.now()) : machine.cancel(task, clock.now());
      const outcome = intent === "stop" ? "stopped" : "cancelled";
      const isEnded = attempt !== undefined && isUnderWay(task);
      const ended = isEnded ? { attempt: { ...attempt, outcome, endedAt: clock.now(), reason: why } as const } : {};
      return { task: next, ...ended, events: [{ type: outcome, reason: why }] };
    };
    await this.#ledger.change(id, compute, lease?.token);
  }

  /** Pauses a running task whose process is gone (CONFLICT when another has taken it since it was read). */
  async pauseWithoutOwner({ id, fence }: Task): Promise<void> {
    await this.#ledger.change(id, (task) => {
      machine.assertLegal(task, "pause");
      if (task.fence !== fence) throw justTaken(id);
      const reason = "Paused by the user; the process that ran it is gone.";
      return { task: machine.lose(task, this.#deps.clock.now()), events: [{ type: "paused", reason, isInterrupted: true }] };
    });
  }

  /** Whether somebody works on the task, or may: its process has not certainly ended. */
  isHeld(task: Task): boolean {
    return task.lease !== undefined && !this.#deps.isOwnerGone(task.lease.owner);
  }

  /**
   * Puts tasks whose owner is gone to `paused`: the place is kept, nothing is lost, nothing runs twice. A request that the
   * owner did not live to hear is carried out. A lease that has run out, or that ends later than any could, counts no more
   * when it is seen so several times: after the machine slept or the clock jumped, its owner needs a moment to renew it.
   */
  async reclaim(): Promise<void> {
    const leased = await this.#deps.store.leased();
    const before = this.#doubtful;
    const at = this.#deps.clock.now();
    const doubtOf = ({ id, fence }: Task): { readonly fence: number; readonly looks: number; readonly at: number } => {
      const last = before.get(id);
      if (last?.fence !== fence) return { fence, looks: 1, at };
      const isTooSoon = Math.abs(at - last.at) < this.#deps.leaseMs / 4; // a loop looks with every pull
      return isTooSoon ? last : { fence, looks: last.looks + 1, at };
    };
    this.#doubtful = new Map(leased.filter((task) => this.#looksUntilGone(task) !== undefined).map((task) => [task.id, doubtOf(task)]));
    for (const task of leased) {
      if (this.isHeld(task) && doubtOf(task).looks < (this.#looksUntilGone(task) ?? Infinity)) continue;
      try {
        await this.#release(task);
      } catch (thrown) {
        if (!isOvertaken(thrown)) this.#deps.log.warn("a task without an owner could not be put right", { task: task.id, error: String(thrown) });
      }
    }
  }

  /**
   * How often in a row a lease must be seen so until it counts no more; undefined when it is in order. A look comes every third
   * of a length, and so does a renewal: three looks leave a living owner time to renew for certain. A lease that ends more than
   * a length from now is from before the clock was set back: it lasts one length from the first look, not until its time comes again.
   */
  #looksUntilGone({ lease }: Task): number | undefined {
    const now = this.#deps.clock.now();
    if (lease === undefined) return undefined;
    if (lease.expiresAt <= now) return 3;
    return lease.expiresAt > now + this.#deps.leaseMs ? 4 : undefined;
  }

  async #release({ id, fence }: Task): Promise<void> {
    const seized = await this.#seize(id, fence);
    if (seized === undefined) return; // renewed or taken since the look
    const { task, ended } = seized;
    const { request } = await this.#ledger.read(id);
    if ((request === "stop" || request === "cancel") && this.#deps.isTrusted()) {
      return this.#end(task, request, `${request === "stop" ? "Stopped" : "Cancelled"} by the user; the process that ran it is gone.`);
    }
    let interrupted: Attempt | undefined;
    const compute: ComputeChange = (row, attempt) => {
      const change = this.#interruption(row, attempt, ended);
      interrupted = row.status === "in_progress" && row.request !== "pause" ? change.attempt : undefined;
      return change;
    };
    await this.#ledger.change(id, compute, task.lease?.token);
    if (interrupted !== undefined) this.#onInterrupted(id, interrupted);
  }

  /**
   * Makes a task that nobody works on ours for a moment and ends what its process left running; undefined when it is in good
   * hands. In this order: whoever takes a task must never have its processes ended by one who found it a moment before.
   */
  async #seize(id: TaskId, fence: number, request?: "stop" | "cancel"): Promise<{ readonly task: Task; readonly ended: number } | undefined> {
    let left: Attempt | undefined;
    let isOurs = false;
    const task = await this.#ledger.change(id, (row, attempt) => {
      left = attempt;
      isOurs = row.fence === fence && (!this.isHeld(row) || this.#looksUntilGone(row) !== undefined);
      if (!isOurs) return undefined;
      return { task: machine.seize(request === undefined ? row : { ...row, request }, this.#newLease()), events: [] };
    });
    return isOurs ? { task, ended: await this.#endLeftovers(id, left) } : undefined;
  }

  #interruption(task: Task, attempt: Attempt | undefined, ended: number): RowChange {
    const row = machine.lose(task, this.#deps.clock.now());
    const counted = attempt === undefined ? {} : { attempt: { ...attempt, interruptions: (attempt.interruptions ?? 0) + 1 } };
    return {
      task: row,
      ...counted,
      events: task.status === "paused" ? [] : [{ type: "paused", reason: interruptionReason(attempt, ended), isInterrupted: true }],
    };
  }

  /** What a process left running when it went must not work on beside the next one. */
  async #endLeftovers(id: TaskId, attempt: Attempt | undefined): Promise<number> {
    const { log, reap } = this.#deps;
    if (attempt?.outcome !== "running") return 0;
    try {
      return await reap(attempt);
    } catch (thrown) {
      log.warn("processes that an interrupted run may have left could not be looked for", { task: id, error: toTaskMasterError(thrown).message });
      return 0;
    }
  }

  /** Looks for leases that nobody holds from time to time until disposed. */
  watch(): Disposable {
    const { timers, leaseMs, log } = this.#deps;
    return repeat(timers, leaseMs / 3, async () => {
      try {
        await this.reclaim();
      } catch (thrown) {
        log.warn("leases that nobody holds could not be looked for", { error: toTaskMasterError(thrown).message });
      }
    });
  }

  #newLease(): { owner: string; expiresAt: number } {
    return { owner: this.#deps.owner, expiresAt: this.#deps.clock.now() + this.#deps.leaseMs };
  }

  async #leased(task: Task, isContinued = false): Promise<LeasedTask> {
    const attempts = await this.#deps.store.attempts(task.id);
    const attempt = attempts.at(-1) ?? newAttempt(task, this.#deps.owner, this.#deps.clock.now());
    const dependencies = (await Promise.all(task.dependsOn.map((id) => this.#deps.store.get(id)))).filter((dependency) => dependency !== undefined);
    const ownHead = attempts.findLast(({ commits }) => commits.length > 0)?.commits.at(-1);
    return {
      task,
      attempt,
      token: task.fence,
      ...(ownHead === undefined ? {} : { ownHead }),
      baseBranches: dependencies.filter(hasCommits).flatMap(({ branch }) => branch ?? []),
      ...(isContinued ? { continues: continuedAttempt(task, attempt) } : {}),
    };
  }
}

/** A branch without commits of its own is removed when its task ends, so it cannot be built on. */
function hasCommits(task: Task): boolean {
  return (task.result?.artifacts.length ?? 0) > 0;
}

function isUnderWay({ status }: Task): boolean {
  return status === "paused" || status === "in_progress";
}

function newAttempt(task: Task, owner: string, now: number): Attempt {
  return { taskId: task.id, number: task.attempts, token: task.fence, owner, outcome: "running", startedAt: now, steps: [], commits: [], usage: noUsage };
}

function justTaken(id: TaskId): TaskMasterError {
  return new TaskMasterError("CONFLICT", `Task ${id} was just taken by another process. Try again.`, { retryable: true });
}
