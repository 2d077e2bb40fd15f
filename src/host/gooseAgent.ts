import { join } from "node:path";
import type { AgentPrompt, AgentRunner, WorkerHost } from "../engine/ports.ts";
import type { EngineSettings } from "../model/settings.ts";
import type { Attempt } from "../model/task.ts";
import type { UsageBefore } from "../protocol/handlers.ts";
import { gooseChoice, type GooseSource } from "./gooseChoice.ts";
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
export interface GooseAgentOptions extends GooseSource {
  readonly workers: WorkerHost;
  readonly settings: () => Pick<EngineSettings, "goosePath" | "provider" | "maxTurns" | "wallClockMinutes" | "idleMinutes">;
  readonly choice?: ModelChoice;
  /** One prompt turn takes no longer than this, whatever task and settings allow. */
  readonly processTimeoutMs?: number;
}

/** Goose's temporary files go to `<stateDirectory>/tmp/<task id>-<attempt>`. Goose as the engine's agent: each prompt turn is one `goose.run` in a worker. */
export function createGooseAgent(options: GooseAgentOptions): AgentRunner {
  const { workers, settings, stateDirectory, choice = {}, processTimeoutMs } = options;
  return {
    run: ({ task, attempt, token }, workspace, prompt, observer) => {
      const now = settings();
      const input = {
        run: runName(task.id, token),
        ...gooseChoice(options),
        worktree: workspace.worktree,
        tmpDir: join(stateDirectory, "tmp", `${task.id}-${attempt.number}`),
        prompt: prompt.text,
        ...(prompt.said === undefined ? {} : { said: prompt.said.map(({ id, text }) => ({ id, text })) }),
        ...(choice.provider === undefined ? {} : { provider: choice.provider }),
        ...(choice.model === undefined ? {} : { model: choice.model }),
        ...(prompt.sessionId === undefined ? {} : { sessionId: prompt.sessionId }),
        usage: usageBefore(attempt, prompt),
        limits: {
          maxTurns: now.maxTurns,
          wallClockMs: Math.min(processTimeoutMs ?? Infinity, now.wallClockMinutes * minuteMs),
          startupMs,
          idleMs: now.idleMinutes * minuteMs,
        },
      };
      return invokeHandler(workers, { taskId: task.id, attempt: attempt.number }, { handler: "goose.run", input }, observer);
    },
  };
}

/** What the attempt has used so far; its offset holds only for the session that it had. */
function usageBefore(
  { usage: { inputTokens, outputTokens, costUsd, turns = 0, activeMs = 0 }, usageOffset, sessionId }: Attempt,
  prompt: AgentPrompt,
): UsageBefore {
  return {
    used: { inputTokens, outputTokens, turns, activeMs, ...(costUsd === undefined ? {} : { costUsd }) },
    ...(usageOffset === undefined || sessionId !== prompt.sessionId ? {} : { offset: { ...usageOffset } }),
  };
}
