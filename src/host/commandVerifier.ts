import { join } from "node:path";
import type { Verifier, WorkerHost } from "../engine/ports.ts";
import { callHandler } from "./invokeHandler.ts";
import { runName } from "./runReaper.ts";

const commandTimeoutMs = 15 * 60_000;

/** Runs acceptance commands by the `verify.run` handler in a worker. */
export function createCommandVerifier({ workers, stateDirectory }: { readonly workers: WorkerHost; readonly stateDirectory: string }): Verifier {
  return {
    runCommands: async ({ task, attempt, token }, workspace, options) => {
      if (task.acceptance.commands.length === 0) return [];
      const input = {
        run: runName(task.id, token),
        worktree: workspace.worktree,
        tmpDir: join(stateDirectory, "tmp", `${task.id}-${attempt.number}-verify`),
        commands: [...task.acceptance.commands],
        timeoutMs: commandTimeoutMs,
      };
      const { results } = await callHandler(workers, { taskId: task.id, attempt: attempt.number }, { handler: "verify.run", input }, options);
      return results;
    },
  };
}
