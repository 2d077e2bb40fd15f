import { join } from "node:path";
import { cyrb53 } from "../base/cyrb53.ts";
import type { GitOperations, LeasedTask, Logger, WorkerHost, Workspace } from "../engine/ports.ts";
import { authorPattern, type EngineSettings } from "../model/settings.ts";
import type { Task } from "../model/task.ts";
import type { HandlerInput, HandlerOutput } from "../protocol/handlers.ts";
import { callHandler, noTask, type InvocationSubject } from "./invokeHandler.ts";
import { runName } from "./runReaper.ts";

const maxBodyLength = 4_000;
const maxLabelLength = 200;

/** How git is done for tasks. */
export interface GitConfig {
  readonly workers: WorkerHost;
  readonly settings: () => Pick<EngineSettings, "branchPrefix" | "gitAuthor" | "pushRemote">;
  /** Where worktrees are made: `<stateDirectory>/worktrees/<task id>`. */
  readonly stateDirectory: string;
  readonly log: Logger;
}

/** The branch that a task wants: the prefix and cyrb53 of its description (product.md section 4). */
export function branchName(prefix: string, task: Task): string {
  return `${prefix}${cyrb53(task.prompt)}`;
}

/** Chains of task branches, as `git.chain` finds them. */
export type BranchChainInfo = HandlerOutput<"git.chain">;

/** A repository's state for a bug report. */
export type GitState = HandlerOutput<"git.dump">;

/** The git verbs of the loop, and two that look at the whole repository. */
export interface GitDeps extends GitOperations {
  /** How the tasks' branches build on each other; `expected` names branches that should be there. */
  verifyBranchChain(expected?: readonly string[]): Promise<BranchChainInfo>;
  /** Branches, heads, worktrees and status under a label, without credentials; also written to the log. */
  dumpFullState(label: string): Promise<GitState>;
}

/** Git for the tasks of the repository at `dir`, done by the `git.*` handlers in worker threads. */
export function createGitDeps(config: GitConfig, dir: string): GitDeps {
  const { workers, settings, log } = config;
  return {
    ...createLoopVerbs(config),
    verifyBranchChain: (expected = []) => {
      const input = { directory: dir, prefix: settings().branchPrefix, expected: [...expected] };
      return callHandler(workers, noTask, { handler: "git.chain", input });
    },
    dumpFullState: async (label) => {
      const state = await callHandler(workers, noTask, { handler: "git.dump", input: { directory: dir, label: label.slice(0, maxLabelLength) } });
      log.info("state of the repository", { ...state });
      return state;
    },
  };
}

function createLoopVerbs({ workers, settings, stateDirectory }: GitConfig): GitOperations {
  const identity = (): Identity => identityOf(settings());
  /** What commit and clean-up say of the attempt that they are for. */
  const attemptOf = (leased: LeasedTask, workspace: Workspace) => ({
    token: leased.token,
    workspace: { ...workspace },
    taskId: leased.task.id,
    attempt: leased.attempt.number,
    identity: identity(),
  });
  return {
    isClean: async (leased, options) => {
      const input = { directory: leased.task.repository, identity: identity() };
      await callHandler(workers, subjectOf(leased), { handler: "git.inspect", input }, options);
      return true; // a worktree of its own: the state of the user's checkout is in nobody's way
    },
    branch: (leased, options) => {
      const input = prepareInput(leased, { branchPrefix: settings().branchPrefix, stateDirectory });
      return callHandler(workers, subjectOf(leased), { handler: "git.prepare", input: { ...input, identity: identity() } }, options);
    },
    changes: async (leased, workspace, options) => {
      const call = { handler: "git.changes", input: { workspace: { ...workspace } } } as const;
      return (await callHandler(workers, subjectOf(leased), call, options)).files;
    },
    commitAndPush: (leased, workspace, options) => {
      const input = { ...attemptOf(leased, workspace), subject: leased.task.title, body: commitBody(leased.task) };
      return callHandler(workers, subjectOf(leased), { handler: "git.commit", input }, options);
    },
    push: async (leased, workspace, options) => {
      const { pushRemote } = settings();
      if (!pushRemote) return { pushed: false };
      const input = { run: runName(leased.task.id, leased.token), workspace: { ...workspace }, remote: pushRemote };
      return callHandler(workers, subjectOf(leased), { handler: "git.push", input }, options);
    },
    cleanup: (leased, workspace, keep, { onEvents } = {}) => {
      const input = { ...attemptOf(leased, workspace), title: leased.task.title, keep };
      return callHandler(workers, subjectOf(leased), { handler: "git.cleanup", input }, onEvents === undefined ? {} : { onEvents }); // whatever ended the run, this is done
    },
  };
}

function prepareInput(
  { task, attempt, token, continues, baseBranches, ownHead }: LeasedTask,
  { branchPrefix, stateDirectory }: { readonly branchPrefix: string; readonly stateDirectory: string },
): Omit<HandlerInput<"git.prepare">, "identity"> {
  return {
    token,
    attempt: attempt.number,
    directory: task.repository,
    worktree: continues?.workspace?.worktree ?? join(stateDirectory, "worktrees", task.id),
    branch: branchName(branchPrefix, task),
    taskId: task.id,
    baseBranches: [...baseBranches],
    ...(task.branch === undefined ? {} : { ownBranch: task.branch }),
    ...(ownHead === undefined ? {} : { ownHead }),
    ...(continues?.workspace === undefined ? {} : { continues: { ...continues.workspace } }),
  };
}

type Identity = HandlerInput<"git.inspect">["identity"];

/** The author of commits, as far as the settings name one. */
export function identityOf({ gitAuthor = "" }: Pick<EngineSettings, "gitAuthor">): Identity {
  const [, name, email] = authorPattern.exec(gitAuthor) ?? [];
  return name === undefined || email === undefined ? {} : { name, email };
}

function commitBody(task: Task): string {
  return task.prompt === task.title ? "" : task.prompt.slice(0, maxBodyLength);
}

function subjectOf(leased: LeasedTask): InvocationSubject {
  return { taskId: leased.task.id, attempt: leased.attempt.number };
}
