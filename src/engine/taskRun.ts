import { Gate } from "../base/gate.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { PermissionAnswer } from "../model/permission.ts";
import type { Attention, Task, TaskRequest } from "../model/task.ts";
import type { TaskEvent, WorkerEventBody } from "../model/taskEvent.ts";
import { allowed } from "./allowance.ts";
import { createAgentWork } from "./agentWork.ts";
import { recordEvents } from "./inbox.ts";
import { Approvals } from "./approvals.ts";
import { keepLease } from "./leaseKeeper.ts";
import type { Ledger } from "./ledger.ts";
import { loop } from "./loop.ts";
import { Oversight } from "./oversight.ts";
import { recordOutcome, recordStep } from "./outcome.ts";
import type { AgentTurn, LeasedTask, Logger } from "./ports.ts";
import type { TaskOutcome } from "./looper.ts";
import type { RunDeps } from "./engineDeps.ts";
import { RunEnd, type EndIntent } from "./runEnd.ts";
import { untilStored } from "./storeRetry.ts";
import * as machine from "./taskMachine.ts";
import { createWorkCheck } from "./verification.ts";

/**
 * One attempt of one task in this process: drives the loop for it, renews its lease, and is where pause, resume and
 * the end from outside arrive.
 */
export class TaskRun {
  readonly leased: LeasedTask;
  /** Settles with the task as it is when nothing of the run goes on; never rejects. */
  readonly finished: Promise<Task>;
  readonly #deps: RunDeps;
  readonly #ledger: Ledger;
  readonly #gate = new Gate();
  readonly #controller = new AbortController();
  /** Aborts when the process is about to end: nothing is tried again then. */
  readonly #leaving = new AbortController();
  readonly #approvals: Approvals;
  #turn: AgentTurn | undefined;
  #oversight: Oversight | undefined;
  /** Messages of the user that the turn in progress was told. */
  #told: Set<string> = new Set();

  constructor(deps: RunDeps, ledger: Ledger, leased: LeasedTask) {
    this.#deps = deps;
    this.#ledger = ledger;
    this.leased = leased;
    this.#approvals = new Approvals({ ...deps, ledger, leased, gate: this.#gate });
    this.finished = this.#drive();
  }

  get isPaused(): boolean {
    return this.#gate.isClosed;
  }

  /** It does nothing until the user answers a question: like a paused one it holds no slot and spends nothing. */
  get isWaiting(): boolean {
    return this.#approvals.isWaiting;
  }

  /** An answer to its question is in the journal. */
  hearAnswer(answer: PermissionAnswer): void {
    this.#approvals.hear(answer);
  }

  /** Holds the run at its next safe point and records it (ILLEGAL_TRANSITION when it is too late). */
  async pause(reason: string, attention?: Attention): Promise<void> {
    // An earlier pause holds the run, and goes on to do so when this one comes too late.
    const isHeld = this.#gate.isClosed;
    this.#gate.close();
    this.#turn?.pause();
    try {
      await this.#ledger.change(
        this.leased.task.id,
        (task) => {
          const row = machine.pause(task, this.#deps.clock.now());
          if (attention === undefined) return { task: row, events: [{ type: "paused", reason }] };
          return {
            task: { ...row, attention },
            events: [
              { type: "paused", reason },
              { type: "attention", attention },
            ],
          };
        },
        this.leased.token,
      );
    } catch (error) {
      if (!isHeld) this.#letGo();
      throw error;
    }
  }

  async resume(): Promise<void> {
    const { owner, clock } = this.#deps;
    await this.#ledger.change(
      this.leased.task.id,
      (task) => {
        const { row, events } = allowed(machine.resume(task, clock.now()));
        return { task: row, events: [{ type: "resumed", owner }, ...events] };
      },
      this.leased.token,
    );
    this.#letGo();
  }

  /** Tells the turn in progress what waits for the agent. While the task is paused it waits on; without a turn the next prompt holds it. */
  async hear(): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined || this.#gate.isClosed) return;
    const { inbox = [] } = await this.#ledger.read(this.leased.task.id);
    if (turn !== this.#turn || this.#gate.isClosed) return;
    for (const { id, text } of inbox.filter((message) => !this.#told.has(message.id))) {
      this.#told.add(id);
      turn.tell({ type: "say", id, text });
    }
  }

  /** Ends one tool call; without a turn there is none. */
  stopToolCall(toolCallId: string): void {
    this.#approvals.stopToolCall(toolCallId);
    this.#turn?.tell({ type: "stop_tool_call", toolCallId });
  }

  /** Does what the user asked for from another window or terminal. */
  async obey(request: TaskRequest): Promise<void> {
    const by = "by the user from another window or terminal.";
    if (request === "pause") return this.pause(`Paused ${by}`);
    if (request === "resume") return this.resume();
    return this.end(request, request === "stop" ? `Stopped ${by}` : `Cancelled ${by}`);
  }

  /** Ends the run from outside; the first reason wins. Await `finished` for the end. */
  end(intent: EndIntent, message: string): void {
    this.#controller.abort(new RunEnd(intent, message));
  }

  /** The process is about to end: the place is kept. */
  shutDown(): void {
    this.#leaving.abort();
    this.end("shutdown", "Task Master was closed while the task ran. Resume to go on where it was.");
  }

  #letGo(): void {
    this.#gate.open();
    this.#turn?.resume();
    void this.#hearSoon();
  }

  async #hearSoon(): Promise<void> {
    try {
      await this.hear();
    } catch (thrown) {
      this.#deps.log.warn("words of the user could not be read", { task: this.leased.task.id, error: toTaskMasterError(thrown).message });
    }
  }

  async #drive(): Promise<Task> {
    const { log } = this.#deps;
    const { id } = this.leased.task;
    const heartbeat = keepLease(this.#deps, this.leased, {
      isAlive: () => !this.#deps.workers.isSilent(id),
      onLost: () => this.end("lease_lost", "The lease on the task was lost."),
    });
    this.#oversight = new Oversight(this.#deps, this.#ledger, {
      leased: this.leased,
      isHeld: () => this.isPaused || this.isWaiting,
      turn: () => this.#turn,
      pause: (reason, attention) => this.pause(reason, attention),
      stop: (reason) => this.end("stop", reason),
    });
    try {
      await this.#obeyEarlier();
      await this.#loopOnce();
    } catch (thrown) {
      log.error("the run could not be recorded; its lease runs out and the task is kept", { task: id, error: toTaskMasterError(thrown).message });
    }
    heartbeat.dispose();
    this.#oversight.dispose();
    try {
      return await this.#ledger.read(id);
    } catch (thrown) {
      log.error("the task could not be read after its run", { task: id, error: toTaskMasterError(thrown).message });
      return this.leased.task;
    }
  }

  /** What was asked for while the task was taken, when there was no run yet to hear it; also what is being written in this moment. */
  async #obeyEarlier(): Promise<void> {
    const { request } = await this.#ledger.change(this.leased.task.id, () => undefined);
    if (request !== undefined) await this.obey(request);
  }

  #loopOnce(): Promise<void> {
    const { agent, git, log, store, timers, verifier } = this.#deps;
    const { signal } = this.#controller;
    let pulled = false;
    return loop({
      git,
      log,
      pullTask: () => {
        if (pulled) return Promise.resolve("empty");
        pulled = true;
        return Promise.resolve(this.leased);
      },
      runWorker: createAgentWork({
        agent,
        approval: this.#approvals,
        store,
        log,
        gate: this.#gate,
        journal: (leased, events) => this.#journal(leased, events),
        onTurn: (turn, { said = [] }) => {
          this.#turn = turn;
          this.#told = new Set(said.map(({ id }) => id));
          // What was said while the prompt was made.
          void this.#hearSoon();
        },
        onLost: (end) => this.#controller.abort(end),
      }),
      verify: createWorkCheck({ git, verifier, gate: this.#gate }),
      checkpoint: (leased, step, data) => untilStored(this.#deps, () => recordStep(this.#ledger, leased, step, data), { signal }),
      ackTask: (_leased, outcome) => this.#acknowledge(outcome),
      sleep: (ms) => new Promise((resolve) => timers.after(ms, resolve)),
    })({ signal, onEvents: (events) => this.#report(events) });
  }

  async #journal(leased: LeasedTask, events: readonly WorkerEventBody[]): Promise<boolean> {
    const isOurs = await recordEvents(this.#ledger, leased, events);
    if (isOurs) this.#oversight?.heard(events);
    return isOurs;
  }

  /** What git and the checks have to tell goes into the journal; that it cannot be written, the next step will notice. */
  async #report(events: readonly WorkerEventBody[]): Promise<void> {
    const { task, token, attempt } = this.leased;
    await this.#ledger.append(task.id, { token, attempt: attempt.number }, events).catch((thrown: unknown) => {
      this.#deps.log.warn("the journal cannot be written", { task: task.id, error: toTaskMasterError(thrown).message });
    });
  }

  /**
   * A completion waits while the task is paused; a pause that was recorded just before it makes it wait again. An end that cannot be
   * stored (a full disk) is kept, under the lease, until it can.
   */
  async #acknowledge(outcome: TaskOutcome): Promise<void> {
    const { signal } = this.#controller;
    for (;;) {
      try {
        if (outcome.kind === "completed") await this.#gate.passed(signal);
        return await this.#record(outcome);
      } catch (thrown) {
        const error = toTaskMasterError(thrown);
        if (error instanceof RunEnd) return this.#record({ kind: "failed", error, end: error.intent });
        if (error.code !== "ILLEGAL_TRANSITION" || !this.#gate.isClosed) throw error;
      }
    }
  }

  #record(outcome: TaskOutcome): Promise<void> {
    const record = (): Promise<void> => recordOutcome(this.#deps, this.#ledger, this.leased, this.#asWished(outcome));
    return untilStored(this.#deps, record, { signal: this.#leaving.signal });
  }

  /** A wish that came behind the failure, while it was cleaned up or could not be stored, counts all the same: it is not tried again. */
  #asWished(outcome: TaskOutcome): TaskOutcome {
    const { reason } = this.#controller.signal as { reason: unknown };
    if (outcome.kind === "completed" || outcome.end !== undefined || !(reason instanceof RunEnd) || reason.intent === "shutdown") return outcome;
    return { ...outcome, error: reason, end: reason.intent };
  }
}

/** Records what is asked of the process that holds a task; false when by now that is this one, whose run can be told. */
export async function leaveRequest(ledger: Ledger, id: TaskId, request: TaskRequest, isOurs: () => boolean): Promise<boolean> {
  let isAsked = false;
  await ledger.change(id, (row) => {
    isAsked = !isOurs();
    return isAsked ? { task: { ...row, request }, events: [{ type: "requested", request }] } : undefined;
  });
  return isAsked;
}

/** Lets the runs do what other processes asked of them, and tell their agents what was said there. */
export async function obeyRequests(events: readonly TaskEvent[], runs: ReadonlyMap<TaskId, TaskRun>, log: Logger): Promise<void> {
  for (const event of events) {
    const run = runs.get(event.taskId);
    if (run === undefined) continue;
    try {
      if (event.type === "requested") await run.obey(event.request);
      else if (event.type === "said") await run.hear();
      else if (event.type === "answer") run.hearAnswer(event.answer);
      else if (event.type === "stop_tool_call") run.stopToolCall(event.toolCallId);
    } catch (thrown) {
      const { code, message } = toTaskMasterError(thrown);
      const what = event.type === "requested" ? `the request to ${event.request}` : "what the user said to";
      log.warn(`${what} task ${event.taskId} came too late`, { code, error: message });
    }
  }
}
