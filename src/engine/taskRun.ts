import { Gate } from "../base/gate.ts";
import type { Disposable } from "../base/event.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { Task } from "../model/task.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";
import type { Ledger } from "./ledger.ts";
import { loop } from "./loop.ts";
import { recordOutcome, recordStep } from "./outcome.ts";
import type { AbortOptions, AgentPrompt, AgentResult, AgentTurn, LeasedTask, TaskOutcome, Workspace } from "./ports.ts";
import type { RunDeps } from "./engineDeps.ts";
import { decidePermission } from "./permissionPolicy.ts";
import { RunEnd, type EndIntent } from "./runEnd.ts";
import { continuePrompt, handOverPrompt, taskPrompt } from "./taskContext.ts";
import * as machine from "./taskMachine.ts";
import { judge } from "./verification.ts";

/** How many of the newest journal entries a fresh session is told of. */
const storyLength = 400;

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
  #turn: AgentTurn | undefined;
  #heartbeat: Disposable | undefined;

  constructor(deps: RunDeps, ledger: Ledger, leased: LeasedTask) {
    this.#deps = deps;
    this.#ledger = ledger;
    this.leased = leased;
    this.finished = this.#drive();
  }

  get isPaused(): boolean {
    return this.#gate.isClosed;
  }

  /** Holds the run at its next safe point and records it (ILLEGAL_TRANSITION when it is too late). */
  async pause(reason: string): Promise<void> {
    this.#gate.close();
    this.#turn?.pause();
    try {
      await this.#ledger.change(
        this.leased.task.id,
        (task) => ({ task: machine.pause(task, this.#deps.clock.now()), events: [{ type: "paused", reason }] }),
        this.leased.token,
      );
    } catch (error) {
      this.#letGo();
      throw error;
    }
  }

  async resume(): Promise<void> {
    const { owner, clock } = this.#deps;
    await this.#ledger.change(
      this.leased.task.id,
      (task) => ({ task: machine.resume(task, clock.now()), events: [{ type: "resumed", owner }] }),
      this.leased.token,
    );
    this.#letGo();
  }

  /** Ends the run from outside; the first reason wins. Await `finished` for the end. */
  end(intent: EndIntent, message: string): void {
    this.#controller.abort(new RunEnd(intent, message));
  }

  #letGo(): void {
    this.#gate.open();
    this.#turn?.resume();
  }

  async #drive(): Promise<Task> {
    const { log } = this.#deps;
    const { id } = this.leased.task;
    this.#scheduleHeartbeat();
    try {
      await this.#loopOnce();
    } catch (thrown) {
      log.error("the run could not be recorded; its lease runs out and the task is kept", { task: id, error: toTaskMasterError(thrown).message });
    }
    this.#heartbeat?.dispose();
    this.#heartbeat = undefined;
    try {
      return await this.#ledger.read(id);
    } catch (thrown) {
      log.error("the task could not be read after its run", { task: id, error: toTaskMasterError(thrown).message });
      return this.leased.task;
    }
  }

  #loopOnce(): Promise<void> {
    const { git, log, timers, verifier } = this.#deps;
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
      runWorker: (leased, workspace, options) => this.#runAgent(leased, workspace, options),
      verify: async (leased, workspace, result, options) => {
        await this.#gate.passed(options.signal);
        const files = await git.changes(leased, workspace, options);
        const checks = await verifier.runCommands(leased, workspace, options);
        await this.#gate.passed(options.signal);
        return judge(result, files, checks);
      },
      checkpoint: (leased, step, data) => recordStep(this.#ledger, leased, step, data),
      ackTask: (_leased, outcome) => this.#acknowledge(outcome),
      sleep: (ms) => new Promise((resolve) => timers.after(ms, resolve)),
    })({ signal });
  }

  async #runAgent(leased: LeasedTask, workspace: Workspace, options: AbortOptions & { readonly feedback?: string }): Promise<AgentResult> {
    if (workspace.isRemade === true && options.feedback === undefined) {
      this.#journal([{ type: "log", level: "warn", message: "The task's worktree was gone and was made anew: what had not been committed is lost." }]);
    }
    const prompt = await this.#prompt(workspace, options.feedback);
    try {
      return await this.#turnWith(leased, workspace, prompt);
    } catch (thrown) {
      if (prompt.sessionId === undefined || toTaskMasterError(thrown).code !== "GOOSE_SESSION_LOST") throw thrown;
      this.#deps.log.warn("the Goose session could not be loaded; going on in a fresh one", { task: leased.task.id });
      return this.#turnWith(leased, workspace, await this.#handOver());
    }
  }

  async #prompt({ baseSha, startSha, isRemade = false }: Workspace, feedback: string | undefined): Promise<AgentPrompt> {
    const sessionId = (await this.#deps.store.attempts(this.leased.task.id)).at(-1)?.sessionId;
    const { task, continues } = this.leased;
    if (feedback !== undefined && sessionId !== undefined) return { text: feedback, sessionId };
    const isFresh = continues === undefined && startSha === baseSha;
    if (isFresh) return { text: taskPrompt(task, await this.#dependencies()) };
    if (continues === undefined || sessionId === undefined) return this.#handOver();
    return { text: continuePrompt(isRemade), sessionId };
  }

  async #handOver(): Promise<AgentPrompt> {
    const { id } = this.leased.task;
    const story = await this.#deps.store.events(id, { beforeSeq: Number.MAX_SAFE_INTEGER, limit: storyLength });
    return { text: handOverPrompt(this.leased.task, await this.#dependencies(), story) };
  }

  async #turnWith(leased: LeasedTask, workspace: Workspace, prompt: AgentPrompt): Promise<AgentResult> {
    const { signal } = this.#controller;
    await this.#gate.passed(signal);
    const turn = this.#deps.agent.run(leased, workspace, prompt, {
      onEvents: (events) => this.#journal(events),
      onPermission: (request) => this.#decide(request),
    });
    this.#turn = turn;
    if (this.#gate.isClosed) turn.pause();
    const onAbort = (): void => turn.cancel(toTaskMasterError(signal.reason).message);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await turn.result;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#turn = undefined;
    }
  }

  #decide(request: PermissionRequest): PermissionOutcome {
    const { outcome, reason } = decidePermission(request);
    if (reason !== undefined) this.#journal([{ type: "log", level: "info", message: reason }]);
    return outcome;
  }

  #journal(events: Parameters<Ledger["append"]>[2]): void {
    const { task, token, attempt } = this.leased;
    this.#ledger.append(task.id, { token, attempt: attempt.number }, events).then(
      (held) => {
        if (!held) this.end("lease_lost", "The lease on the task was lost.");
      },
      (thrown: unknown) => {
        this.#deps.log.error("the journal cannot be written; holding the task", { task: task.id, error: toTaskMasterError(thrown).message });
        this.end("shutdown", `The queue cannot be written: ${toTaskMasterError(thrown).message}`);
      },
    );
  }

  async #dependencies(): Promise<readonly Task[]> {
    const tasks = await Promise.all(this.leased.task.dependsOn.map((id) => this.#deps.store.get(id)));
    return tasks.filter((task) => task !== undefined);
  }

  /** A completion waits while the task is paused; a pause that was recorded just before it makes it wait again. */
  async #acknowledge(outcome: TaskOutcome): Promise<void> {
    const { signal } = this.#controller;
    for (;;) {
      try {
        if (outcome.kind === "completed") await this.#gate.passed(signal);
        return await recordOutcome(this.#deps, this.#ledger, this.leased, outcome);
      } catch (thrown) {
        const error = toTaskMasterError(thrown);
        if (error instanceof RunEnd) return recordOutcome(this.#deps, this.#ledger, this.leased, { kind: "failed", error, end: error.intent });
        if (error.code !== "ILLEGAL_TRANSITION" || !this.#gate.isClosed) throw error;
      }
    }
  }

  #scheduleHeartbeat(): void {
    const { timers, leaseMs } = this.#deps;
    this.#heartbeat = timers.after(leaseMs / 3, () => {
      void this.#renewLease().finally(() => {
        if (this.#heartbeat !== undefined) this.#scheduleHeartbeat();
      });
    });
  }

  async #renewLease(): Promise<void> {
    const { store, clock, leaseMs, log } = this.#deps;
    const { task, token } = this.leased;
    try {
      const held = await store.renewLease(task.id, token, clock.now() + leaseMs);
      if (!held) this.end("lease_lost", "The lease on the task was lost.");
    } catch (thrown) {
      log.warn("the lease could not be renewed; trying again", { task: task.id, error: toTaskMasterError(thrown).message });
    }
  }
}
