import { expect, test } from "vitest";
import type { LeasedTask, TaskInvocation, WorkerHost, Workspace } from "../../../src/engine/ports.ts";
import { createGooseAgent } from "../../../src/host/gooseAgent.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { newAttempt, newTask } from "../../contract/taskStoreFixtures.ts";
import type { Attempt } from "../../../src/model/task.ts";

const usage = { inputTokens: 70, outputTokens: 7, costUsd: 0.5, contextUsed: 12, contextSize: 100 };
const usageOffset = { inputTokens: -5, outputTokens: 0, costUsd: 0 };

/** The input with which the worker is asked to run Goose. */
function inputFor(attempt: Partial<Attempt>, sessionId?: string): TaskInvocation["input"] {
  const invocations: TaskInvocation[] = [];
  const workers = {
    run: (invocation: TaskInvocation) => {
      invocations.push(invocation);
      return { result: Promise.resolve({ sessionId: "s", finalMessage: "Done." }), pause: () => undefined, resume: () => undefined, cancel: () => undefined };
    },
  } as unknown as WorkerHost;
  const task = newTask("a");
  const leased: LeasedTask = { task, attempt: newAttempt(task, attempt), token: 1, baseBranches: [] };
  const workspace: Workspace = { repository: "/r", worktree: "/w", branch: "tm/1", baseSha: "0", startSha: "0" };
  const agent = createGooseAgent({ workers, settings: () => defaultSettings, stateDirectory: "/s" });
  void agent.run(leased, workspace, { text: "Do it.", ...(sessionId === undefined ? {} : { sessionId }) }, {});
  return invocations[0]?.input ?? {};
}

test("Goose goes on counting where the attempt stands; an offset holds only for its own session", () => {
  const used = { inputTokens: 70, outputTokens: 7, turns: 0, activeMs: 0, costUsd: 0.5 };
  expect(inputFor({})["usage"]).toEqual({ used: { inputTokens: 0, outputTokens: 0, turns: 0, activeMs: 0 } });
  expect(inputFor({ usage, usageOffset, sessionId: "s1" }, "s1")["usage"]).toEqual({ used, offset: usageOffset });
  expect(inputFor({ usage, usageOffset, sessionId: "s1" }, "s2")["usage"]).toEqual({ used });
  expect(inputFor({ usage, usageOffset, sessionId: "s1" })["usage"]).toEqual({ used });
});
