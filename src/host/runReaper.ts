import type { RunReaper, WorkerHost } from "../engine/ports.ts";
import type { TaskId } from "../model/ids.ts";
import { callHandler } from "./invokeHandler.ts";
import { ownerStart } from "./processOwner.ts";

/** By which the processes of an attempt under one lease are found: no other run, and no later owner of the task, has it. */
export function runName(taskId: TaskId, token: number): string {
  return `${taskId}-${token}`;
}

/**
 * Ends what a run left alive when its process went without a chance to (by the `run.reap` handler). The guard of each
 * worker does so first; this is for the case that the guard was killed too.
 */
export function createRunReaper({ workers }: { readonly workers: WorkerHost }): RunReaper {
  return async ({ taskId, token, owner, number, worktree }) => {
    const since = ownerStart(owner);
    if (since === undefined) return 0; // it ran on another machine or before the last start of this one
    const input = { run: runName(taskId, token), since, folders: worktree === undefined ? [] : [worktree] };
    return (await callHandler(workers, { taskId, attempt: number }, { handler: "run.reap", input })).ended;
  };
}
