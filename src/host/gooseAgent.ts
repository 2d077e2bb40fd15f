import { join } from "node:path";
import type { AgentRunner, WorkerHost } from "../engine/ports.ts";
import type { EngineSettings } from "../model/settings.ts";
import type { GooseLocation } from "../protocol/handlers.ts";
import { invokeHandler } from "./invokeHandler.ts";
import { runName } from "./runReaper.ts";

const startupMs = 30_000;
const minuteMs = 60_000;

/** Provider and model instead of those that Goose is configured with. Their keys come from the environment or Goose's own configuration. */
export interface ModelChoice {
  readonly provider?: string;
  readonly model?: string;
}

/** What the agent is made with. */
export interface GooseAgentOptions {
  readonly workers: WorkerHost;
  readonly settings: () => Pick<EngineSettings, "goosePath" | "maxTurns" | "wallClockMinutes" | "idleMinutes">;
  readonly choice?: ModelChoice;
  /** One prompt turn takes no longer than this, whatever task and settings allow. */
  readonly processTimeoutMs?: number;
  /** Where Goose's temporary files go: `<stateDirectory>/tmp/<task id>-<attempt>`. */
  readonly stateDirectory: string;
}

/** Where to look for Goose by the settings. */
export function gooseLocation(settings: Pick<EngineSettings, "goosePath">): GooseLocation {
  return settings.goosePath ? { path: settings.goosePath } : {};
}

/** Goose as the engine's agent: each prompt turn is one `goose.run` in a worker. */
export function createGooseAgent({ workers, settings, stateDirectory, choice = {}, processTimeoutMs }: GooseAgentOptions): AgentRunner {
  return {
    run: ({ task, attempt, token }, workspace, prompt, observer) => {
      const now = settings();
      const input = {
        run: runName(task.id, token),
        goose: gooseLocation(now),
        worktree: workspace.worktree,
        tmpDir: join(stateDirectory, "tmp", `${task.id}-${attempt.number}`),
        prompt: prompt.text,
        ...(choice.provider === undefined ? {} : { provider: choice.provider }),
        ...(choice.model === undefined ? {} : { model: choice.model }),
        ...(prompt.sessionId === undefined ? {} : { sessionId: prompt.sessionId }),
        limits: {
          maxTurns: task.budget.turns ?? now.maxTurns,
          wallClockMs: Math.min(processTimeoutMs ?? Infinity, (task.budget.minutes ?? now.wallClockMinutes) * minuteMs),
          startupMs,
          idleMs: now.idleMinutes * minuteMs,
        },
      };
      return invokeHandler(workers, { taskId: task.id, attempt: attempt.number }, { handler: "goose.run", input }, observer);
    },
  };
}
