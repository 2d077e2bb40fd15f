import { join } from "node:path";
import type { Verifier, WorkerHost } from "../engine/ports.ts";
import type { EngineSettings } from "../model/settings.ts";
import { callHandler } from "./invokeHandler.ts";
import { runName } from "./runReaper.ts";

const minuteMs = 60_000;
/** One command has no longer, whatever the task has. */
const longestMinutes = 15;

/** What the verifier is made with. */
export interface CommandVerifierOptions {
  readonly workers: WorkerHost;
  readonly stateDirectory: string;
  readonly settings: () => Pick<EngineSettings, "wallClockMinutes">;
}

/** Runs acceptance commands by the `verify.run` handler in a worker. */
export function createCommandVerifier({ workers, stateDirectory, settings }: CommandVerifierOptions): Verifier {
  return {
    runCommands: async ({ task, attempt, token }, workspace, options) => {
      if (task.acceptance.commands.length === 0) return [];
      const input = {
        run: runName(task.id, token),
        worktree: workspace.worktree,
        tmpDir: join(stateDirectory, "tmp", `${task.id}-${attempt.number}-verify`),
        commands: [...task.acceptance.commands],
        timeoutMs: Math.min(longestMinutes, task.budget.minutes ?? settings().wallClockMinutes) * minuteMs,
      };
      const { results } = await callHandler(workers, { taskId: task.id, attempt: attempt.number }, { handler: "verify.run", input }, options);
      return results;
    },
  };
}
