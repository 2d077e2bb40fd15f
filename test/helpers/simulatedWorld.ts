/** A repository, an agent and checks in memory that outlive the engine: what a crash of the engine's process leaves behind. */
import type { AgentPrompt, AgentTurn, CommandCheck, CommittedWork, GitOperations, InvocationObserver, LeasedTask, Workspace } from "../../src/engine/ports.ts";
import { cancelledError, TaskMasterError } from "../../src/model/errors.ts";
import type { TaskId } from "../../src/model/ids.ts";
import { saidMessageId } from "../../src/model/userMessage.ts";

interface SimulatedCommit {
  readonly trailer: string;
  readonly files: readonly string[];
}

/** One task's place as git sees it. */
interface Place {
  hasWorktree: boolean;
  /** The agent is in the middle of a change. */
  isHalfDone: boolean;
  readonly uncommitted: Set<string>;
  readonly commits: SimulatedCommit[];
}

/** A prompt that reached the agent. */
export interface SentPrompt {
  readonly task: TaskId;
  readonly session: string;
  readonly kind: "task" | "continue" | "feedback";
}

/** What the agent and the checks do in a scenario. */
export interface Scenario {
  /** How often the acceptance command fails before it passes. */
  readonly failingChecks?: number;
  /** Turns that end with this error before one ends well. */
  readonly failingTurns?: number;
}

/** See the header of this file. Every verb takes effect at once and counts what it did. */
export class SimulatedWorld {
  readonly places = new Map<TaskId, Place>();
  readonly prompts: SentPrompt[] = [];
  /** Words of the user that reached the agent, as often as they did. */
  readonly heard: string[] = [];
  /** What must never happen, as far as the world can see it. */
  readonly violations: string[] = [];
  #failingChecks: number;
  #failingTurns: number;
  #sessions = 0;

  constructor({ failingChecks = 0, failingTurns = 0 }: Scenario = {}) {
    this.#failingChecks = failingChecks;
    this.#failingTurns = failingTurns;
  }

  /** Every commit of a task, with its trailer. */
  commitsOf(task: TaskId): readonly SimulatedCommit[] {
    return this.places.get(task)?.commits ?? [];
  }

  readonly git: GitOperations = {
    isClean: () => Promise.resolve(true),
    branch: ({ task, continues }) => {
      const place = this.#place(task.id);
      const isRemade = continues?.workspace !== undefined && !place.hasWorktree;
      place.hasWorktree = true;
      const workspace = continues?.workspace ?? this.#workspace(task.id, place);
      return Promise.resolve({ ...workspace, ...(isRemade ? { isRemade } : {}) });
    },
    changes: ({ task }, { startSha }) => {
      const { commits, uncommitted } = this.#place(task.id);
      return Promise.resolve([...new Set([...commits.slice(Number(startSha)).flatMap(({ files }) => files), ...uncommitted])]);
    },
    commitAndPush: (leased, workspace) => Promise.resolve(this.#commit(leased, workspace)),
    push: ({ task }) => {
      if (this.commitsOf(task.id).length === 0) this.violations.push("a branch was pushed before anything was committed");
      return Promise.resolve({ pushed: true });
    },
    cleanup: (leased, { startSha }, keep) => {
      const place = this.#place(leased.task.id);
      place.hasWorktree = false;
      const isUnfinished = place.uncommitted.size > 0 || (keep === "ref" && place.commits.length > Number(startSha));
      place.uncommitted.clear();
      if (keep === "ref") place.commits.length = Number(startSha);
      return Promise.resolve(isUnfinished ? { savedAs: "refs/task-master/unfinished" } : {});
    },
  };

  /** The acceptance command: fails as often as the scenario says. */
  check(): readonly CommandCheck[] {
    if (this.#failingChecks === 0) return [{ command: "test", exitCode: 0, outputTail: "", timedOut: false }];
    this.#failingChecks--;
    return [{ command: "test", exitCode: 1, outputTail: "red", timedOut: false }];
  }

  /** A turn: the session opens, a file changes, the answer comes; `step` is called where the process may die. */
  run(leased: LeasedTask, prompt: AgentPrompt, observer: InvocationObserver, step: (name: string) => Promise<void>): AgentTurn {
    let isCancelled = false;
    const told: { readonly id: string; readonly text: string }[] = [];
    /** The agent has the words, and says so. */
    const hear = async (words: readonly { readonly id: string; readonly text: string }[]): Promise<void> => {
      for (const { id, text } of words) {
        this.heard.push(text);
        await step("goose:heard");
        observer.onEvents?.([{ type: "message", role: "user", messageId: saidMessageId(id), text }]);
      }
    };
    const work = async (): Promise<{ sessionId: string; finalMessage: string }> => {
      const session = prompt.sessionId ?? `session-${++this.#sessions}`;
      await step("goose:open");
      observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId: session } }]);
      await step("goose:prompt");
      this.prompts.push({ task: leased.task.id, session, kind: kindOf(prompt.text) });
      await hear(prompt.said ?? []);
      if (this.#failingTurns > 0) {
        this.#failingTurns--;
        throw new TaskMasterError("GOOSE_NETWORK", "the network is down", { retryable: true });
      }
      const place = this.#place(leased.task.id);
      place.uncommitted.add(`file-${this.prompts.length}`);
      place.isHalfDone = true;
      await step("goose:answer");
      await hear(told.splice(0));
      place.isHalfDone = false;
      if (isCancelled) throw cancelledError("cancelled");
      return { sessionId: session, finalMessage: "I changed the file." };
    };
    const tell: AgentTurn["tell"] = (wish) => void (wish.type === "say" && told.push(wish));
    return { result: work(), pause: () => undefined, tell, resume: () => undefined, cancel: () => (isCancelled = true) };
  }

  #place(task: TaskId): Place {
    const place = this.places.get(task) ?? { hasWorktree: false, isHalfDone: false, uncommitted: new Set<string>(), commits: [] };
    this.places.set(task, place);
    return place;
  }

  #workspace(task: TaskId, { commits }: Place): Workspace {
    return { repository: "/repository", worktree: `/worktrees/${task}`, branch: `tm/${task}`, baseSha: "0", startSha: String(commits.length) };
  }

  /** As the real one: finds its own earlier commit, refuses when the worktree is gone and there is none. */
  #commit({ task, attempt }: LeasedTask, { startSha }: Workspace): Pick<CommittedWork, "commits" | "files"> {
    const place = this.#place(task.id);
    const trailer = `${task.id}/${attempt.number}`;
    if (!place.hasWorktree && !place.commits.some((commit) => commit.trailer === trailer)) {
      throw new TaskMasterError("GIT_CONFLICT", "the worktree is gone");
    }
    if (place.isHalfDone) this.violations.push("a change was committed that the agent had not finished");
    if (place.uncommitted.size > 0) {
      place.commits.push({ trailer, files: [...place.uncommitted] });
      place.uncommitted.clear();
    }
    const own = place.commits.slice(Number(startSha));
    return { commits: own.map((_commit, index) => `c${index}`), files: own.flatMap(({ files }) => files) };
  }
}

function kindOf(text: string): SentPrompt["kind"] {
  if (text.startsWith("# Task:")) return "task";
  return text.startsWith("You were interrupted") ? "continue" : "feedback";
}
