import type { Gate } from "../base/gate.ts";
import { cancelledError, toTaskMasterError } from "../model/errors.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";
import type { ToolCallApproval } from "./approvals.ts";
import { deliveryOf } from "./inbox.ts";
import type { AgentPrompt, AgentResult, AgentRunner, AgentTurn, LeasedTask, Logger, TaskStore, Workspace } from "./ports.ts";
import { Prompts } from "./prompts.ts";
import type { LooperDeps } from "./looper.ts";
import { RunEnd } from "./runEnd.ts";

/** What the agent's part of the loop needs. */
export interface AgentWorkDeps {
  readonly agent: AgentRunner;
  readonly store: Pick<TaskStore, "get" | "attempts" | "events">;
  /** Adds to the task's journal; false when its lease is lost. */
  readonly journal: (leased: LeasedTask, events: readonly WorkerEventBody[]) => Promise<boolean>;
  /** Decides on the agent's tool calls. */
  readonly approval: ToolCallApproval;
  readonly log: Logger;
  /** Told to every fresh session before the task. */
  readonly instructions?: (leased: LeasedTask) => Promise<string>;
  /** Where the work waits while its task is paused. */
  readonly gate?: Gate;
  /** Hears of the prompt turn in progress and what it was told; undefined when it has ended. */
  readonly onTurn?: (turn: AgentTurn | undefined, prompt: AgentPrompt) => void;
  /** Hears that the journal cannot be written any more, also when no turn is in progress. */
  readonly onLost?: (end: RunEnd) => void;
}

/** The loop's `runWorker` over an agent: chooses the prompt, lets the agent work, writes its journal and decides on its tool calls. */
export function createAgentWork(deps: AgentWorkDeps): LooperDeps["runWorker"] {
  return async (leased, workspace, { signal, feedback }) => {
    const work = new AgentWork(deps, leased, signal);
    const prompt = await work.prompt(workspace, feedback);
    return work.answerRest(workspace, await firstTurn(prompt));

    async function firstTurn(prompt: AgentPrompt): Promise<AgentResult> {
      try {
        return await work.turn(workspace, prompt);
      } catch (thrown) {
        if (prompt.sessionId === undefined || toTaskMasterError(thrown).code !== "GOOSE_SESSION_LOST") throw thrown;
        deps.log.warn("the Goose session could not be loaded; going on in a fresh one", { task: leased.task.id });
        return work.turn(workspace, await work.prompts.handOver());
      }
    }
  };
}

/** What one call of `runWorker` is about. */
class AgentWork {
  readonly #deps: AgentWorkDeps;
  readonly #leased: LeasedTask;
  readonly #signal: AbortSignal;
  /** Aborts when the journal cannot be written any more. */
  readonly #lost = new AbortController();
  readonly prompts: Prompts;
  /** Settles when the journal holds all that was told so far. */
  #told: Promise<void> = Promise.resolve();
  #turn: AgentTurn | undefined;
  /** Reasons that the agent has heard in this turn. */
  readonly #reasons = new Set<string>();

  constructor(deps: AgentWorkDeps, leased: LeasedTask, signal: AbortSignal) {
    this.prompts = new Prompts(deps, leased);
    this.#deps = deps;
    this.#leased = leased;
    this.#signal = signal;
  }

  prompt(workspace: Workspace, feedback: string | undefined): Promise<AgentPrompt> {
    // Whoever reads the journal is to know why the agent goes on.
    if (feedback !== undefined) {
      void this.#journal([{ type: "log", level: "warn", message: `The check failed, and Goose was told: ${feedback.split("\n", 1)[0] ?? ""}` }]);
    }
    if (workspace.isRemade === true && feedback === undefined) {
      void this.#journal([{ type: "log", level: "warn", message: "The task's worktree was gone and was made anew: what had not been committed is lost." }]);
    }
    return this.prompts.first(workspace, feedback);
  }

  /** Lets the agent answer what the user said and no turn has taken up. Gives the last result. */
  async answerRest(workspace: Workspace, result: AgentResult): Promise<AgentResult> {
    const prompt = await this.prompts.rest(result.sessionId);
    return prompt === undefined ? result : this.answerRest(workspace, await this.turn(workspace, prompt));
  }

  async turn(workspace: Workspace, prompt: AgentPrompt): Promise<AgentResult> {
    const { agent, gate, onTurn } = this.#deps;
    const signal = AbortSignal.any([this.#signal, this.#lost.signal]);
    signal.throwIfAborted();
    await gate?.passed(signal);
    // As it is now: an earlier turn may have used tokens since the task was taken.
    const attempt = (await this.#deps.store.attempts(this.#leased.task.id)).at(-1) ?? this.#leased.attempt;
    const over = new AbortController();
    const turn = agent.run({ ...this.#leased, attempt }, workspace, prompt, {
      onEvents: (events) => this.#journal(events),
      onPermission: (request) => this.#decide(request, workspace, AbortSignal.any([signal, over.signal])),
    });
    this.#turn = turn;
    onTurn?.(turn, prompt);
    if (gate?.isClosed === true) turn.pause();
    const onAbort = (): void => turn.cancel(toTaskMasterError(signal.reason).message);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      const result = await turn.result;
      // Whoever answered a prompt has read the words in it, also an agent that does not say so.
      if (prompt.said !== undefined && prompt.said.length > 0) void this.#journal(prompt.said.map(deliveryOf));
      return result;
    } catch (thrown) {
      this.#lost.signal.throwIfAborted();
      throw thrown;
    } finally {
      signal.removeEventListener("abort", onAbort);
      over.abort(cancelledError("The turn is over."));
      this.#turn = undefined;
      this.#reasons.clear();
      onTurn?.(undefined, prompt);
      await this.#told;
    }
  }

  /** What the agent is to know of a decision it is told as words of the user, before it goes on. */
  async #decide(request: PermissionRequest, { worktree }: Workspace, signal: AbortSignal): Promise<PermissionOutcome> {
    try {
      const { outcome, told, logged } = await this.#deps.approval.decide(request, { leased: this.#leased, worktree, signal });
      if (logged !== undefined) void this.#journal([{ type: "log", level: "info", message: logged }]);
      if (told !== undefined && !this.#reasons.has(told)) {
        this.#reasons.add(told);
        this.#turn?.tell({ type: "say", id: `decision-${request.toolCallId}`.slice(0, 256), text: told });
      }
      return outcome;
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      return "reject_once";
    }
  }

  /** Settles when they are in the journal, or never will be. */
  #journal(events: readonly WorkerEventBody[]): Promise<void> {
    const { journal, log } = this.#deps;
    const written = journal(this.#leased, events).then(
      (held) => {
        if (!held) this.#lose(new RunEnd("lease_lost", "The lease on the task was lost."));
      },
      (thrown: unknown) => {
        const { message } = toTaskMasterError(thrown);
        log.error("the journal cannot be written; holding the task", { task: this.#leased.task.id, error: message });
        this.#lose(new RunEnd("shutdown", `The queue cannot be written: ${message}`));
      },
    );
    this.#told = Promise.all([this.#told, written]).then(() => undefined);
    return written;
  }

  #lose(end: RunEnd): void {
    this.#lost.abort(end);
    this.#deps.onLost?.(end);
  }
}
