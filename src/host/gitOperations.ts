import { join } from "node:path";
import { cyrb53 } from "../base/cyrb53.ts";
import type { GitOperations, LeasedTask, WorkerHost } from "../engine/ports.ts";
import type { EngineSettings } from "../model/settings.ts";
import type { Task } from "../model/task.ts";
import { callHandler, type InvocationSubject } from "./invokeHandler.ts";
import { runName } from "./runReaper.ts";

const maxBodyLength = 4_000;

/** What git operations through the workers are made with. */
export interface GitOperationsOptions {
  readonly workers: WorkerHost;
  readonly settings: () => Pick<EngineSettings, "branchPrefix" | "gitUserName" | "gitUserEmail" | "pushRemote">;
  /** Where worktrees are made: `<stateDirectory>/worktrees/<task id>`. */
  readonly stateDirectory: string;
}

/** The branch that a task wants: the prefix and cyrb53 of its description (product.md section 4). */
export function branchName(prefix: string, task: Task): string {
  return `${prefix}${cyrb53(task.prompt)}`;
}

/** The git verbs of the loop, done by the `git.*` handlers in worker threads. */
export function createGitOperations({ workers, settings, stateDirectory }: GitOperationsOptions): GitOperations {
  const identity = (): { name?: string; email?: string } => {
    const { gitUserName, gitUserEmail } = settings();
    return { ...(gitUserName ? { name: gitUserName } : {}), ...(gitUserEmail ? { email: gitUserEmail } : {}) };
  };
  return {
    isClean: async (leased, { signal }) => {
      const input = { directory: leased.task.repository, identity: identity() };
      await callHandler(workers, subjectOf(leased), { handler: "git.inspect", input }, signal);
      return true; // a worktree of its own: the state of the user's checkout is in nobody's way
    },
    branch: (leased, { signal }) => {
      const { task, continues, baseBranches } = leased;
      const input = {
        token: leased.token,
        directory: task.repository,
        worktree: continues?.workspace?.worktree ?? join(stateDirectory, "worktrees", task.id),
        branch: branchName(settings().branchPrefix, task),
        taskId: task.id,
        baseBranches: [...baseBranches],
        identity: identity(),
        ...(task.branch === undefined ? {} : { ownBranch: task.branch }),
        ...(continues?.workspace === undefined ? {} : { continues: { ...continues.workspace } }),
      };
      return callHandler(workers, subjectOf(leased), { handler: "git.prepare", input }, signal);
    },
    changes: async (leased, workspace, { signal }) => {
      const call = { handler: "git.changes", input: { workspace: { ...workspace } } } as const;
      return (await callHandler(workers, subjectOf(leased), call, signal)).files;
    },
    commitAndPush: (leased, workspace, { signal }) => {
      const input = {
        token: leased.token,
        workspace: { ...workspace },
        subject: leased.task.title,
        body: commitBody(leased.task),
        taskId: leased.task.id,
        attempt: leased.attempt.number,
        identity: identity(),
      };
      return callHandler(workers, subjectOf(leased), { handler: "git.commit", input }, signal);
    },
    push: async (leased, workspace, { signal }) => {
      const { pushRemote } = settings();
      if (!pushRemote) return { pushed: false };
      const input = { run: runName(leased.task.id, leased.token), workspace: { ...workspace }, remote: pushRemote };
      return callHandler(workers, subjectOf(leased), { handler: "git.push", input }, signal);
    },
    cleanup: (leased, workspace, keep) => {
      const input = {
        token: leased.token,
        workspace: { ...workspace },
        taskId: leased.task.id,
        attempt: leased.attempt.number,
        title: leased.task.title,
        keep,
        identity: identity(),
      };
      return callHandler(workers, subjectOf(leased), { handler: "git.cleanup", input });
    },
  };
}

function commitBody(task: Task): string {
  return task.prompt === task.title ? "" : task.prompt.slice(0, maxBodyLength);
}

function subjectOf(leased: LeasedTask): InvocationSubject {
  return { taskId: leased.task.id, attempt: leased.attempt.number };
}
