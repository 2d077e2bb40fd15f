import { join } from "node:path";
import type { AgentRunner, WorkerHost } from "../engine/ports.ts";
import type { EngineSettings } from "../model/settings.ts";
import type { GooseLocation } from "../protocol/handlers.ts";
import { invokeHandler } from "./invokeHandler.ts";
import { runName } from "./runReaper.ts";

const startupMs = 30_000;
const minuteMs = 60_000;

/** What the agent is made with. */
export interface GooseAgentOptions {
  readonly workers: WorkerHost;
  readonly settings: () => Pick<EngineSettings, "goosePath" | "maxTurns" | "wallClockMinutes" | "idleMinutes">;
  /** Where Goose's temporary files go: `<stateDirectory>/tmp/<task id>-<attempt>`. */
  readonly stateDirectory: string;
}

/** Where to look for Goose by the settings. */
export function gooseLocation(settings: Pick<EngineSettings, "goosePath">): GooseLocation {
  return settings.goosePath ? { path: settings.goosePath } : {};
}

/** Goose as the engine's agent: each prompt turn is one `goose.run` in a worker. */
export function createGooseAgent({ workers, settings, stateDirectory }: GooseAgentOptions): AgentRunner {
  return {
    run: ({ task, attempt, token }, workspace, prompt, observer) => {
      const now = settings();
      const input = {
        run: runName(task.id, token),
        goose: gooseLocation(now),
        worktree: workspace.worktree,
        tmpDir: join(stateDirectory, "tmp", `${task.id}-${attempt.number}`),
        prompt: prompt.text,
        ...(prompt.sessionId === undefined ? {} : { sessionId: prompt.sessionId }),
        limits: {
          maxTurns: task.budget.turns ?? now.maxTurns,
          wallClockMs: (task.budget.minutes ?? now.wallClockMinutes) * minuteMs,
          startupMs,
          idleMs: now.idleMinutes * minuteMs,
        },
      };
      return invokeHandler(workers, { taskId: task.id, attempt: attempt.number }, { handler: "goose.run", input }, observer);
    },
  };
}
