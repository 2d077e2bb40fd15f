/** Whether the queue starts tasks by itself: keeps the circuit breaker and the limits of agents, for all processes on the queue. */
import { Emitter, type Disposable, type Event } from "../base/event.ts";
import type { JsonObject } from "../base/json.ts";
import { retryPolicies } from "../model/errorClasses.ts";
import type { BudgetUse } from "../model/budget.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import { budgetReason, stopReason, type QueueStatus, type QueueStop } from "../model/queueStatus.ts";
import type { Task } from "../model/task.ts";
import * as agents from "./agentProfiles.ts";
import { usedUp } from "./budgetWatch.ts";
import * as breaker from "./circuitBreaker.ts";
import type { QueueDeps } from "./engineDeps.ts";
import type { LeasedTask } from "./ports.ts";
import { classOf, type Retry } from "./retryPolicy.ts";

/** What holds for a choice of the next task. */
export interface QueueGate {
  readonly stop: QueueStop | undefined;
  /** The budget of the day or of the queue that is used up. */
  readonly budget: BudgetUse | undefined;
  /** Profiles of which nothing may start now, with the time at which to look again. */
  readonly held: ReadonlyMap<string, number>;
  /** The stored state that this was read from. */
  readonly states: ReadonlyMap<string, JsonObject>;
}

const maxConflicts = 50;

/** See the header of this file. */
export class QueueGuard {
  readonly #deps: Pick<QueueDeps, "store" | "clock" | "random" | "log" | "leaseMs" | "settings">;
  readonly #changes: Emitter<QueueStatus>;

  /** Hears the status after each change, also by other processes. */
  readonly onDidChange: Event<QueueStatus>;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
    this.#changes = new Emitter((error) => deps.log.error("a listener failed", { error: String(error) }));
    this.onDidChange = this.#changes.event;
  }

  /** Listens to other processes until disposed. */
  watch(): Disposable {
    return this.#deps.store.onDidChangeStateElsewhere(() => void this.#announce());
  }

  /** What keeps tasks from being started. */
  async status(): Promise<QueueStatus> {
    const states = await this.#deps.store.states();
    const stop = breaker.stopOf(breaker.parseBreaker(states.get(breaker.breakerName)));
    const now = this.#deps.clock.now();
    const limits = limitsOf(states).map(([agent, limit]) => agents.agentLimit(agent, limit, now));
    const budget = usedUp(this.#deps, states);
    return { ...(stop === undefined ? {} : { stop }), ...(budget === undefined ? {} : { budget }), limits };
  }

  /** What holds now. */
  async gate(): Promise<QueueGate> {
    const { store, clock, leaseMs } = this.#deps;
    const states = await store.states();
    const held = new Map<string, number>();
    const now = clock.now();
    for (const [agent, limit] of limitsOf(states)) {
      if (agents.isWaiting(limit, now)) held.set(agent, limit.until);
      else if (limit.trial !== undefined) {
        const task = await store.get(limit.trial.taskId);
        if (agents.isOnTrial(limit.trial, task, { now, graceMs: leaseMs })) held.set(agent, now + leaseMs);
      }
    }
    return { stop: breaker.stopOf(breaker.parseBreaker(states.get(breaker.breakerName))), budget: usedUp(this.#deps, states), held, states };
  }

  /** CONFLICT while the queue would not start the task by itself. */
  async assertOpen(task: Task): Promise<void> {
    const { stop, budget, held } = await this.gate();
    if (stop !== undefined) throw new TaskMasterError("CONFLICT", stopReason(stop));
    if (budget !== undefined) throw new TaskMasterError("CONFLICT", budgetReason(budget));
    if (held.has(agents.agentOf(task))) throw new TaskMasterError("CONFLICT", "Its agent waits for a usage limit.");
  }

  /** Makes the task the one that tries whether its agent's limit is over; false when another was quicker. */
  async reserve(task: Task, { states }: QueueGate): Promise<boolean> {
    const { store, clock } = this.#deps;
    const name = agents.limitName(agents.agentOf(task));
    const stored = states.get(name);
    const limit = agents.parseLimit(stored);
    if (limit === undefined) return true;
    const trial = { taskId: task.id, attempts: task.attempts, at: clock.now() };
    if (!(await store.replaceState(name, stored, agents.limitJson({ ...limit, trial })))) return false;
    await this.#announce();
    return true;
  }

  /** An attempt is about to be recorded as done. */
  succeeded({ task, attempt }: LeasedTask): Promise<void> {
    return this.#remember(async () => {
      const names = [...(await this.#deps.store.states()).keys()];
      if (!names.some(isOurs)) return; // nearly always
      await this.#change(breaker.breakerName, (stored) => jsonOf(breaker.afterSuccess(breaker.parseBreaker(stored)), breaker.breakerJson));
      await this.#change(agents.limitName(agents.agentOf(task)), (stored) => {
        const limit = agents.parseLimit(stored);
        return limit === undefined || attempt.startedAt > limit.since ? undefined : stored;
      });
    });
  }

  /** An attempt is about to be recorded as failed, with the next try that it gets. */
  failed({ task, attempt }: LeasedTask, error: TaskMasterError, retry: Retry | undefined): Promise<void> {
    const { clock, random } = this.#deps;
    const now = clock.now();
    const errorClass = classOf(error);
    return this.#remember(async () => {
      if (errorClass === "limit" && retry !== undefined) {
        const met = { now, startedAt: attempt.startedAt, retryAt: retry.at, reason: error.message };
        return this.#change(agents.limitName(agents.agentOf(task)), (stored) => agents.limitJson(agents.afterLimit(agents.parseLimit(stored), met, random)));
      }
      const isCertain = retry === undefined && retryPolicies[errorClass].whenFinal === "stop the queue";
      const failure = { taskId: task.id, attempt: attempt.number, title: task.title, code: error.code, message: error.message, at: now };
      return this.#change(breaker.breakerName, (stored) => breaker.breakerJson(breaker.afterFailure(breaker.parseBreaker(stored), failure, isCertain)));
    });
  }

  /** Something was found that keeps the queue, or does no more. */
  look(): Promise<void> {
    return this.#announce();
  }

  /** A person wants work to be done: the queue goes on after a stop. */
  goOn(): Promise<void> {
    return this.#remember(() =>
      this.#change(breaker.breakerName, (stored) => (breaker.stopOf(breaker.parseBreaker(stored)) === undefined ? stored : undefined)),
    );
  }

  /** A person wants everything to go on now: neither a stop nor a limit counts any more. */
  async resume(): Promise<void> {
    for (const name of (await this.#deps.store.states()).keys()) {
      if (isOurs(name)) await this.#change(name, () => undefined);
    }
  }

  dispose(): void {
    this.#changes.dispose();
  }

  /** The end of an attempt is recorded, whatever becomes of what the queue remembers of it. */
  async #remember(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#deps.log.warn("the state of the queue could not be written", { error: toTaskMasterError(thrown).message });
    }
  }

  async #change(name: string, compute: (stored: JsonObject | undefined) => JsonObject | undefined): Promise<void> {
    const { store } = this.#deps;
    for (let conflicts = 0; conflicts < maxConflicts; conflicts++) {
      const before = (await store.states()).get(name);
      const after = compute(before);
      if (JSON.stringify(after) === JSON.stringify(before)) return;
      if (await store.replaceState(name, before, after)) return this.#announce();
    }
    this.#deps.log.warn("the state of the queue is being changed by others all the time", { name });
  }

  async #announce(): Promise<void> {
    try {
      this.#changes.fire(await this.status());
    } catch (thrown) {
      this.#deps.log.warn("the state of the queue could not be read", { error: toTaskMasterError(thrown).message });
    }
  }
}

/** What a resume of the queue takes away; what was spent stays. */
function isOurs(name: string): boolean {
  return name === breaker.breakerName || agents.agentOfName(name) !== undefined;
}

function limitsOf(states: ReadonlyMap<string, JsonObject>): readonly (readonly [string, agents.LimitState])[] {
  return [...states].flatMap(([name, stored]) => {
    const agent = agents.agentOfName(name);
    const limit = agents.parseLimit(stored);
    return agent === undefined || limit === undefined ? [] : [[agent, limit] as const];
  });
}

function jsonOf<T>(state: T | undefined, toJson: (state: T) => JsonObject): JsonObject | undefined {
  return state === undefined ? undefined : toJson(state);
}
