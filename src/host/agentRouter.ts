import type { AgentRunner, WorkerHost } from "../engine/ports.ts";
import { demoAgent } from "../model/task.ts";
import { invokeHandler } from "./invokeHandler.ts";

/** So long between two words of the demo (ms). */
const demoPaceMs = 60;

/** Gives each task to the agent of its profile: the demo to the play without a model, everything else to Goose. */
export function createAgentRouter(goose: AgentRunner, workers: WorkerHost): AgentRunner {
  return {
    run: (leased, workspace, prompt, observer) => {
      const { task, attempt } = leased;
      if (task.agent !== demoAgent) return goose.run(leased, workspace, prompt, observer);
      const input = { worktree: workspace.worktree, title: task.title, paceMs: demoPaceMs };
      return invokeHandler(workers, { taskId: task.id, attempt: attempt.number }, { handler: "demo.run", input }, observer);
    },
  };
}
