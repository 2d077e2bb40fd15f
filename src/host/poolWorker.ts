import { TaskMasterError } from "../model/errors.ts";
import type { InvocationHandle, InvocationObserver, Logger, TaskInvocation } from "../engine/ports.ts";
import type { JsonValue } from "../base/json.ts";
import type { TaskId } from "../model/ids.ts";
import type { PoolMode } from "../model/settings.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { PermissionOutcome } from "../model/toolCall.ts";
import { hostWorkerVersion, maxUnacknowledged, parseWorkerMessage, type HostMessage, type WorkerMessage } from "../protocol/hostWorker.ts";
import { deserializeError } from "../protocol/serializedError.ts";
import { openLink, type WorkerLink } from "./workerLink.ts";

/** A running invocation as its worker sees it. */
interface OpenInvocation {
  readonly taskId: TaskId;
  /** Rounds of looking since it was last heard of. */
  silentRounds: number;
  /** Its events that the worker takes to be on their way, and how many of them are behind us. */
  unacknowledged: number;
  journalled: number;
  readonly observer: InvocationObserver;
  readonly settled: PromiseWithResolvers<JsonValue>;
}

/** Neighbouring events of one invocation. */
interface EventBatch {
  readonly invocationId: number;
  readonly events: WorkerEventBody[];
}

/** What every worker of a pool is made with. */
export interface PoolWorkerOptions {
  readonly mode: PoolMode;
  readonly script: string;
  readonly modules: readonly string[];
  readonly log: Logger;
  readonly onExit: (worker: PoolWorker) => void;
}

/**
 * One worker: multiplexes its messages to the invocations that run in it and settles them. Messages that do not fit the
 * protocol are dropped and counted; those of an invocation that has ended are ignored.
 */
export class PoolWorker {
  droppedMessages = 0;
  readonly #options: PoolWorkerOptions;
  readonly #link: WorkerLink;
  readonly #open = new Map<number, OpenInvocation>();
  #isGone = false;
  #silentRounds = 0;

  constructor(options: PoolWorkerOptions) {
    this.#options = options;
    this.#link = openLink(
      options.mode,
      options.script,
      { taskMasterWorker: true, modules: options.modules },
      { onMessages: (messages) => this.#receive(messages), onExit: (error) => this.#gone(error) },
    );
  }

  /** How many invocations run in it. */
  get load(): number {
    return this.#open.size;
  }

  run(invocationId: number, invocation: TaskInvocation, observer: InvocationObserver): InvocationHandle {
    const settled = Promise.withResolvers<JsonValue>();
    this.#open.set(invocationId, { taskId: invocation.taskId, silentRounds: 0, unacknowledged: 0, journalled: 0, observer, settled });
    this.#link.hold(true);
    if (this.#isGone) this.#settle(invocationId, (open) => open.settled.reject(workerFailed(undefined)));
    else this.post([{ type: "run", invocationId, invocation }]);
    return {
      result: settled.promise,
      pause: () => this.post([{ type: "pause", invocationId }]),
      resume: () => this.post([{ type: "resume", invocationId }]),
      tell: (wish) => this.post([{ type: "tell", invocationId, wish }]),
      cancel: (reason) => this.post([{ type: "cancel", invocationId, reason: reason.slice(0, 4_000) }]),
    };
  }

  post(messages: readonly HostMessage[]): void {
    if (!this.#isGone) this.#link.post(messages);
  }

  /** Resolves when nothing runs in it any more. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(({ settled }) => settled.promise));
  }

  /** Ends it at once; what still runs in it is rejected. */
  async terminate(): Promise<void> {
    this.#gone(undefined);
    await this.#link.terminate();
  }

  /** Whether an invocation of the task was not heard of for `rounds` rounds. */
  isSilent(taskId: TaskId, rounds: number): boolean {
    return [...this.#open.values()].some((open) => open.taskId === taskId && open.silentRounds >= rounds);
  }

  /**
   * One round of looking: a worker with work that was silent for `limit` rounds is ended. So is an invocation alone of which the
   * worker, which still lives, knows nothing: its end did not fit the protocol.
   */
  countSilence(limit: number): void {
    for (const open of this.#open.values()) open.silentRounds += 1;
    this.#endSilentWorker(limit);
    for (const [id, { silentRounds }] of this.#open) {
      if (silentRounds >= limit) this.#settle(id, (open) => open.settled.reject(workerFailed(new Error("it no longer knows the task"))));
    }
  }

  #endSilentWorker(limit: number): void {
    this.#silentRounds = this.load === 0 ? 0 : this.#silentRounds + 1;
    if (this.#silentRounds < limit) return;
    this.#end(new Error("it gave no sign of life"));
  }

  #end(error: Error): void {
    this.#gone(error);
    this.#link.terminate().catch(() => undefined);
  }

  #receive(messages: unknown): void {
    this.#silentRounds = 0;
    let batch: EventBatch | undefined;
    for (const value of Array.isArray(messages) ? (messages as unknown[]) : [messages]) {
      const message = parseWorkerMessage(value);
      if (message?.type === "event" && message.invocationId === batch?.invocationId) {
        batch.events.push(message.event);
        continue;
      }
      this.#deliver(batch);
      batch = message?.type === "event" ? { invocationId: message.invocationId, events: [message.event] } : undefined;
      if (message === undefined) this.#drop(value);
      else if (message.type !== "event") this.#handle(message);
    }
    this.#deliver(batch);
  }

  /** Events that came together are told together: each telling is a write to the journal. */
  #deliver(batch: EventBatch | undefined): void {
    const open = batch === undefined ? undefined : this.#open.get(batch.invocationId);
    if (batch === undefined || open === undefined) return;
    if (!this.#mayTake(open, batch.events.length)) return;
    const told: unknown = this.#heard(batch.invocationId)?.onEvents?.(batch.events);
    const onSettled = (): void => this.#acknowledge(batch.invocationId, batch.events.length);
    if (told instanceof Promise) told.then(onSettled, onSettled);
    else onSettled();
  }

  /** A worker that does not wait would fill this thread's memory. */
  #mayTake(open: OpenInvocation, events: number): boolean {
    open.unacknowledged += events;
    if (open.unacknowledged <= maxUnacknowledged) return true;
    this.#end(new Error("it sent more events than it may"));
    return false;
  }

  /** Not each batch by itself, as each wakes the worker: half of what may be on its way is left meanwhile. */
  #acknowledge(invocationId: number, events: number): void {
    const open = this.#open.get(invocationId);
    if (open === undefined) return;
    open.journalled += events;
    if (open.journalled < maxUnacknowledged / 2) return;
    this.post([{ type: "acknowledge", invocationId, events: open.journalled }]);
    open.unacknowledged -= open.journalled;
    open.journalled = 0;
  }

  #handle(message: Exclude<WorkerMessage, { type: "event" }>): void {
    switch (message.type) {
      case "ready":
        return this.#checkVersion(message.version);
      case "heartbeat":
        for (const id of message.invocationIds) this.#heard(id)?.onHeartbeat?.();
        return undefined;
      case "claim":
        return this.#heard(message.invocationId)?.onClaim?.();
      case "permission":
        return void this.#answer(message);
      case "completed":
        return this.#settle(message.invocationId, (open) => open.settled.resolve(message.output));
      case "failed":
        return this.#settle(message.invocationId, (open) => open.settled.reject(deserializeError(message.error)));
    }
  }

  /** Whoever cannot decide declines. */
  async #answer({ invocationId, requestId, request }: Extract<WorkerMessage, { type: "permission" }>): Promise<void> {
    let outcome: PermissionOutcome = "reject_once";
    try {
      outcome = (await this.#observer(invocationId)?.onPermission?.(request)) ?? outcome;
    } catch (error) {
      this.#options.log.error("a tool call could not be decided on and was declined", { error: String(error) });
    }
    this.post([{ type: "permission", invocationId, requestId, outcome }]);
  }

  #heard(invocationId: number): InvocationObserver | undefined {
    const open = this.#open.get(invocationId);
    if (open !== undefined) open.silentRounds = 0;
    return open?.observer;
  }

  #observer(invocationId: number): InvocationObserver | undefined {
    return this.#open.get(invocationId)?.observer;
  }

  #checkVersion(version: number): void {
    if (version !== hostWorkerVersion) this.#gone(new Error(`the worker speaks version ${version} of the protocol, the host ${hostWorkerVersion}`));
  }

  #settle(invocationId: number, how: (open: OpenInvocation) => void): void {
    const open = this.#open.get(invocationId);
    this.#open.delete(invocationId);
    if (this.#open.size === 0) this.#link.hold(false);
    if (open !== undefined) how(open);
  }

  #drop(message: unknown): void {
    this.droppedMessages++;
    if (this.droppedMessages === 1) this.#options.log.warn("a worker sent a message that does not fit the protocol; such messages are dropped");
    // The worker counts also what we could not read.
    if (typeof message !== "object" || message === null || !("event" in message && "invocationId" in message)) return;
    const { invocationId } = message;
    const open = typeof invocationId === "number" ? this.#open.get(invocationId) : undefined;
    if (open !== undefined && this.#mayTake(open, 1)) this.#acknowledge(Number(invocationId), 1);
  }

  #gone(error: Error | undefined): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (error !== undefined) this.#options.log.error("a worker is gone", { error: error.message });
    for (const id of this.#open.keys()) this.#settle(id, (open) => open.settled.reject(workerFailed(error)));
    this.#options.onExit(this);
  }
}

function workerFailed(cause: Error | undefined): TaskMasterError {
  const why = cause === undefined ? "it was ended" : cause.message;
  return new TaskMasterError("WORKER_FAILED", `The worker of this task is gone: ${why}. The task can be retried.`, {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
