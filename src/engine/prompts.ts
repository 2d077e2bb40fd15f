import type { Attempt, Task } from "../model/task.ts";
import { asOneText, type UserMessage } from "../model/userMessage.ts";
import type { AgentPrompt, LeasedTask, TaskStore, Workspace } from "./ports.ts";
import { continuePrompt, followUpPrompt, handOverPrompt, taskPrompt, wordsMeanwhile, wordsSoFar } from "./taskContext.ts";

/** What the choice of a prompt needs. */
export interface PromptDeps {
  readonly store: Pick<TaskStore, "get" | "attempts" | "events">;
  /** Told to every fresh session before the task. */
  readonly instructions?: (leased: LeasedTask) => Promise<string>;
}

/** How many of the newest journal entries a fresh session is told of. */
const storyLength = 400;

/** Chooses what the agent is told at each turn of one attempt, with the words of the user that wait for it. */
export class Prompts {
  readonly #deps: PromptDeps;
  readonly #leased: LeasedTask;

  constructor(deps: PromptDeps, leased: LeasedTask) {
    this.#deps = deps;
    this.#leased = leased;
  }

  /** The first prompt of the attempt, or of the part of it that begins now. */
  async first(workspace: Workspace, feedback: string | undefined): Promise<AgentPrompt> {
    const { baseSha, startSha, isRemade = false } = workspace;
    const { task, continues } = this.#leased;
    const attempts = await this.#deps.store.attempts(task.id);
    const sessionId = attempts.at(-1)?.sessionId;
    if (feedback !== undefined && sessionId !== undefined) return this.#goOn(feedback, sessionId);
    if (continues !== undefined && sessionId !== undefined) return this.#goOn(continuePrompt(isRemade), sessionId);
    return (await this.#followUp(workspace, attempts)) ?? (continues === undefined && startSha === baseSha ? this.#begin() : this.handOver());
  }

  /** For a session that knows nothing of the work that is there. */
  async handOver(): Promise<AgentPrompt> {
    const story = await this.#deps.store.events(this.#leased.task.id, { beforeSeq: Number.MAX_SAFE_INTEGER, limit: storyLength });
    const row = await this.#row();
    return this.#fresh(handOverPrompt(row, await this.#dependencies(), story), row);
  }

  /** The words that came too late for the turn that has ended; undefined when there are none. */
  async rest(sessionId: string): Promise<AgentPrompt | undefined> {
    const { inbox: said = [] } = await this.#row();
    return said.length === 0 ? undefined : { text: asOneText(said), sessionId, said };
  }

  async #begin(): Promise<AgentPrompt> {
    return this.#fresh(taskPrompt(this.#leased.task, await this.#dependencies()), await this.#row());
  }

  async #followUp({ worktree, baseSha, startSha }: Workspace, attempts: readonly Attempt[]): Promise<AgentPrompt | undefined> {
    const sessionId = attempts.findLast((attempt) => attempt.sessionId !== undefined)?.sessionId;
    const { inbox: said = [], heard = [], followsUp = false } = await this.#row();
    // Heard, and the attempt that heard it failed: told again.
    const words = said.length > 0 ? said : heard;
    if (!followsUp || sessionId === undefined || words.length === 0) return undefined;
    const { task, attempt } = this.#leased;
    const isOnBranch = startSha !== baseSha || attempts.every(({ commits }) => commits.length === 0);
    const text = followUpPrompt(words, { worktree, isOnBranch, unfinished: `refs/task-master/unfinished/${task.id}/${attempt.number - 1}` });
    return { text, sessionId, ...wordsIn(said) };
  }

  /** In a session that knows what came before. */
  async #goOn(text: string, sessionId: string): Promise<AgentPrompt> {
    const { inbox: said = [] } = await this.#row();
    return { text: [text, ...wordsMeanwhile(said)].join("\n\n"), sessionId, ...wordsIn(said) };
  }

  /** The prompt of a session that knows nothing yet. */
  async #fresh(text: string, { inbox: said = [], heard = [] }: Pick<Task, "inbox" | "heard">): Promise<AgentPrompt> {
    const { instructions } = this.#deps;
    const words: readonly UserMessage[] = [...heard, ...said];
    const parts = [...(instructions === undefined ? [] : [await instructions(this.#leased)]), text, ...wordsSoFar(words)];
    return { text: parts.join("\n\n"), ...wordsIn(said) };
  }

  /** As it is now: words may have come since the task was taken. */
  async #row(): Promise<Task> {
    return (await this.#deps.store.get(this.#leased.task.id)) ?? this.#leased.task;
  }

  async #dependencies(): Promise<readonly Task[]> {
    const tasks = await Promise.all(this.#leased.task.dependsOn.map((id) => this.#deps.store.get(id)));
    return tasks.filter((task) => task !== undefined);
  }
}

function wordsIn(said: readonly UserMessage[]): Pick<AgentPrompt, "said"> {
  return said.length === 0 ? {} : { said };
}
