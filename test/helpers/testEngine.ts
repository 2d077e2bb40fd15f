import type { DatabaseSync } from "node:sqlite";
import type { EngineDeps } from "../../src/engine/engineDeps.ts";
import type { AgentPrompt, AgentResult, CommandCheck, GitOperations, InvocationObserver, LeasedTask, Logger, Workspace } from "../../src/engine/ports.ts";
import type { RunWish } from "../../src/model/runWish.ts";
import type { TaskChange } from "../../src/engine/facade.ts";
import { TaskEngine } from "../../src/engine/taskEngine.ts";
import { cancelledError } from "../../src/model/errors.ts";
import { defaultSettings, type EngineSettings } from "../../src/model/settings.ts";
import type { Task } from "../../src/model/task.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { Gate } from "../../src/base/gate.ts";
import { waitFor } from "./leakCheck.ts";
import { ManualClock } from "./manualClock.ts";

/** One prompt turn of the scripted agent: what the test sees of it and how it ends it. */
export class AgentTurnProbe {
  readonly leased: LeasedTask;
  readonly workspace: Workspace;
  readonly prompt: AgentPrompt;
  readonly observer: InvocationObserver;
  readonly gate = new Gate();
  readonly cancelReasons: string[] = [];
  readonly wishes: RunWish[] = [];
  readonly ended = Promise.withResolvers<AgentResult>();

  constructor(leased: LeasedTask, workspace: Workspace, prompt: AgentPrompt, observer: InvocationObserver) {
    Object.assign(this, { leased, workspace, prompt, observer });
    this.leased = leased;
    this.workspace = workspace;
    this.prompt = prompt;
    this.observer = observer;
  }

  finish(finalMessage = "I changed the file."): void {
    this.ended.resolve({ sessionId: `session-${this.leased.task.id}`, finalMessage });
  }

  fail(error: Error): void {
    this.ended.reject(error);
  }
}

/** What a test may decide about the world around the engine. */
export interface TestWorld {
  /** Files that git.changes reports. */
  files: readonly string[];
  checks: readonly CommandCheck[];
  settings: EngineSettings;
  isTrusted: boolean;
  /** Owners whose processes have ended. */
  goneOwners: readonly string[];
  /** Runs whose leftovers were asked to be ended, and how many there are each time. */
  readonly reaped: string[];
  leftovers: number;
  /** Called while leftovers are looked for. */
  onReap: () => Promise<void>;
  /** Tasks whose worker gives no sign of life. */
  silentTasks: readonly Task["id"][];
  /** Called with each turn; by default the turn ends well at once. */
  onTurn: (turn: AgentTurnProbe) => void;
  git: Partial<GitOperations>;
  /** Names of the git verbs that were called, in order. */
  readonly gitCalls: string[];
  readonly turns: AgentTurnProbe[];
  readonly logged: string[];
}

/** An engine on a real SQLite store with a scripted agent, a scripted git and a clock that the test moves. */
export class TestEngine {
  readonly clock: ManualClock;
  readonly world: TestWorld;
  readonly store: SqliteTaskStore;
  /** For a test that edits the file behind the engine's back. */
  readonly database: DatabaseSync;
  /** What the engine stands on. */
  readonly deps: EngineDeps;
  readonly engine: TaskEngine;
  readonly changes: TaskChange[] = [];

  constructor(options: { readonly database?: string; readonly clock?: ManualClock; readonly owner?: string; readonly triesAgain?: boolean } = {}) {
    this.clock = options.clock ?? new ManualClock();
    this.world = {
      files: ["a.txt"],
      checks: [],
      settings: defaultSettings,
      isTrusted: true,
      goneOwners: [],
      reaped: [],
      leftovers: 0,
      onReap: () => Promise.resolve(),
      silentTasks: [],
      onTurn: (turn) => turn.finish(),
      git: {},
      gitCalls: [],
      turns: [],
      logged: [],
    };
    const opened = openDatabase(options.database ?? ":memory:");
    this.database = opened.db;
    this.store = new SqliteTaskStore(opened);
    this.deps = { ...this.#makeDeps(options.owner ?? "test"), ...(options.triesAgain === undefined ? {} : { triesAgain: options.triesAgain }) };
    this.engine = new TaskEngine(this.deps);
    this.engine.onDidChange((changes) => this.changes.push(...changes));
  }

  /** Queues a task whose title is its prompt; each is a millisecond younger than the one before. */
  add(title: string, more: Partial<Parameters<TaskEngine["enqueue"]>[0]> = {}): Promise<Task> {
    this.clock.advance(1);
    return this.engine.enqueue({ title, ...more });
  }

  /** The n-th turn of the agent, as soon as it has begun. */
  async turn(index = 0): Promise<AgentTurnProbe> {
    await waitFor(() => this.world.turns[index] !== undefined, { what: `turn ${index} of the agent` });
    return this.world.turns[index] as AgentTurnProbe;
  }

  /** Types of the events that were published for a task. */
  published(task: Task): string[] {
    return this.changes.filter(({ event }) => event.taskId === task.id).map(({ event }) => event.type);
  }

  async close(): Promise<void> {
    this.world.settings = { ...this.world.settings, gracefulShutdownMsTimeout: 1 };
    await this.engine.stopEngine();
    await this.store.close();
  }

  #makeDeps(owner: string): EngineDeps {
    const { world, clock } = this;
    const log = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, (text: string) => world.logged.push(`${level}: ${text}`)]));
    return {
      store: this.store,
      clock,
      timers: clock,
      random: Math.random,
      log: log as unknown as Logger,
      settings: () => world.settings,
      isTrusted: () => world.isTrusted,
      owner,
      isOwnerGone: (name) => world.goneOwners.includes(name),
      reap: (attempt) => {
        world.reaped.push(`${attempt.taskId}-${attempt.token}`);
        return world.onReap().then(() => world.leftovers);
      },
      leaseMs: 30_000,
      repository: "/repository",
      workers: {
        start: () => Promise.resolve(),
        run: () => ({ result: Promise.reject(new Error("not used")), pause() {}, resume() {}, tell() {}, cancel() {} }),
        isSilent: (id) => world.silentTasks.includes(id),
        stop: () => Promise.resolve(),
      },
      verifier: { runCommands: () => Promise.resolve(world.checks) },
      agent: {
        run: (leased, workspace, prompt, observer) => {
          const turn = new AgentTurnProbe(leased, workspace, prompt, observer);
          world.turns.push(turn);
          world.onTurn(turn);
          return {
            result: turn.ended.promise,
            tell: (wish) => void turn.wishes.push(wish),
            pause: () => turn.gate.close(),
            resume: () => turn.gate.open(),
            cancel: (reason) => {
              turn.cancelReasons.push(reason);
              turn.fail(cancelledError(reason));
            },
          };
        },
      },
      git: this.#git(),
    };
  }

  #git(): GitOperations {
    const { world } = this;
    const verbs: GitOperations = {
      isClean: () => Promise.resolve(true),
      branch: ({ task, baseBranches: [base = "base"] }) =>
        Promise.resolve({
          repository: "/repository",
          worktree: `/worktrees/${task.id}`,
          branch: `tm/${task.title}`,
          baseSha: base,
          startSha: base,
        }),
      changes: () => Promise.resolve(world.files),
      commitAndPush: () => Promise.resolve({ commits: ["c0ffee"], files: world.files }),
      push: () => Promise.resolve({ pushed: false }),
      cleanup: () => Promise.resolve({}),
    };
    const spied = Object.entries(verbs).map(([name, verb]) => [
      name,
      (...args: unknown[]) => {
        world.gitCalls.push(name);
        return ((world.git as Record<string, unknown>)[name] ?? verb) === verb
          ? (verb as (...a: unknown[]) => unknown)(...args)
          : (world.git as Record<string, (...a: unknown[]) => unknown>)[name]?.(...args);
      },
    ]);
    return Object.fromEntries(spied);
  }
}
