import type { Gate } from "../base/gate.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { Attempt, Task } from "../model/task.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";
import { decidePermission } from "./permissionPolicy.ts";
import type { AgentPrompt, AgentResult, AgentRunner, AgentTurn, LeasedTask, Logger, TaskStore, Workspace } from "./ports.ts";
import type { LooperDeps } from "./looper.ts";
import { RunEnd } from "./runEnd.ts";
import { continuePrompt, handOverPrompt, taskPrompt } from "./taskContext.ts";

/** What the agent's part of the loop needs. */
export interface AgentWorkDeps {
  readonly agent: AgentRunner;
  readonly store: Pick<TaskStore, "get" | "attempts" | "events">;
  /** Adds to the task's journal; false when its lease is lost. */
  readonly journal: (leased: LeasedTask, events: readonly WorkerEventBody[]) => Promise<boolean>;
  readonly log: Logger;
  /** Told to every fresh session before the task. */
  readonly instructions?: (leased: LeasedTask) => Promise<string>;
  /** Where the work waits while its task is paused. */
  readonly gate?: Gate;
  /** Hears of the prompt turn in progress; undefined when it has ended. */
  readonly onTurn?: (turn: AgentTurn | undefined) => void;
  /** Hears that the journal cannot be written any more, also when no turn is in progress. */
  readonly onLost?: (end: RunEnd) => void;
}

/** How many of the newest journal entries a fresh session is told of. */
const storyLength = 400;

/** The loop's `runWorker` over an agent: chooses the prompt, lets the agent work, writes its journal and decides on its tool calls. */
export function createAgentWork(deps: AgentWorkDeps): LooperDeps["runWorker"] {
  return async (leased, workspace, { signal, feedback }) => {
    const work = new AgentWork(deps, leased, signal);
    const prompt = await work.prompt(workspace, feedback);
    try {
      return await work.turn(workspace, prompt);
    } catch (thrown) {
      if (prompt.sessionId === undefined || toTaskMasterError(thrown).code !== "GOOSE_SESSION_LOST") throw thrown;
      deps.log.warn("the Goose session could not be loaded; going on in a fresh one", { task: leased.task.id });
      return work.turn(workspace, await work.handOver());
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
  /** As it is now: an earlier turn may have used tokens since the task was taken. */
  #attempt: Attempt;

  constructor(deps: AgentWorkDeps, leased: LeasedTask, signal: AbortSignal) {
    this.#deps = deps;
    this.#leased = leased;
    this.#attempt = leased.attempt;
    this.#signal = signal;
  }

  async prompt({ baseSha, startSha, isRemade = false }: Workspace, feedback: string | undefined): Promise<AgentPrompt> {
    if (isRemade && feedback === undefined) {
      this.#journal([{ type: "log", level: "warn", message: "The task's worktree was gone and was made anew: what had not been committed is lost." }]);
    }
    const { task, continues } = this.#leased;
    this.#attempt = (await this.#deps.store.attempts(task.id)).at(-1) ?? this.#attempt;
    const { sessionId } = this.#attempt;
    if (feedback !== undefined && sessionId !== undefined) return { text: feedback, sessionId };
    const isFresh = continues === undefined && startSha === baseSha;
    if (isFresh) return this.#fresh(taskPrompt(task, await this.#dependencies()));
    if (continues === undefined || sessionId === undefined) return this.handOver();
    return { text: continuePrompt(isRemade), sessionId };
  }

  async handOver(): Promise<AgentPrompt> {
    const { task } = this.#leased;
    const story = await this.#deps.store.events(task.id, { beforeSeq: Number.MAX_SAFE_INTEGER, limit: storyLength });
    return this.#fresh(handOverPrompt(task, await this.#dependencies(), story));
  }

  /** The prompt of a session that knows nothing yet. */
  async #fresh(text: string): Promise<AgentPrompt> {
    const { instructions } = this.#deps;
    return { text: instructions === undefined ? text : `${await instructions(this.#leased)}\n\n${text}` };
  }

  async #dependencies(): Promise<readonly Task[]> {
    const tasks = await Promise.all(this.#leased.task.dependsOn.map((id) => this.#deps.store.get(id)));
    return tasks.filter((task) => task !== undefined);
  }

  async turn(workspace: Workspace, prompt: AgentPrompt): Promise<AgentResult> {
    const { agent, gate, onTurn } = this.#deps;
    const signal = AbortSignal.any([this.#signal, this.#lost.signal]);
    signal.throwIfAborted();
    await gate?.passed(signal);
    const turn = agent.run({ ...this.#leased, attempt: this.#attempt }, workspace, prompt, {
      onEvents: (events) => this.#journal(events),
      onPermission: (request) => this.#decide(request),
    });
    onTurn?.(turn);
    if (gate?.isClosed === true) turn.pause();
    const onAbort = (): void => turn.cancel(toTaskMasterError(signal.reason).message);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await turn.result;
    } catch (thrown) {
      this.#lost.signal.throwIfAborted();
      throw thrown;
    } finally {
      signal.removeEventListener("abort", onAbort);
      onTurn?.(undefined);
    }
  }

  #decide(request: PermissionRequest): PermissionOutcome {
    const { outcome, reason } = decidePermission(request);
    if (reason !== undefined) this.#journal([{ type: "log", level: "info", message: reason }]);
    return outcome;
  }

  #journal(events: readonly WorkerEventBody[]): void {
    const { journal, log } = this.#deps;
    journal(this.#leased, events).then(
      (held) => {
        if (!held) this.#lose(new RunEnd("lease_lost", "The lease on the task was lost."));
      },
      (thrown: unknown) => {
        const { message } = toTaskMasterError(thrown);
        log.error("the journal cannot be written; holding the task", { task: this.#leased.task.id, error: message });
        this.#lose(new RunEnd("shutdown", `The queue cannot be written: ${message}`));
      },
    );
  }
  #lose(end: RunEnd): void {
    this.#lost.abort(end);
    this.#deps.onLost?.(end);
  }
}
