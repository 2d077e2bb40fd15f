import { expect, test } from "vitest";
import type { LeasedTask, TaskInvocation, WorkerHost, Workspace } from "../../../src/engine/ports.ts";
import { createCommandVerifier } from "../../../src/host/commandVerifier.ts";

test.each([
  ["a quarter of an hour at most", {}, 60, 15],
  ["no longer than an attempt", {}, 5, 5],
  ["no longer than the task", { minutes: 2 }, 60, 2],
])("an acceptance command has %s", async (_name, budget, wallClockMinutes, minutes) => {
  const calls: TaskInvocation[] = [];
  const run = (invocation: TaskInvocation): ReturnType<WorkerHost["run"]> => {
    calls.push(invocation);
    const ignore = (): void => undefined;
    return { result: Promise.resolve({ results: [] }), pause: ignore, resume: ignore, cancel: ignore, tell: ignore };
  };
  const verifier = createCommandVerifier({ workers: { run } as unknown as WorkerHost, stateDirectory: "/state", settings: () => ({ wallClockMinutes }) });
  const leased = { task: { id: "00000001", acceptance: { commands: ["npm test"] }, budget }, attempt: { number: 1 }, token: 1 } as unknown as LeasedTask;
  await verifier.runCommands(leased, { worktree: "/w" } as Workspace, { signal: new AbortController().signal });
  expect(calls).toMatchObject([{ handler: "verify.run", input: { timeoutMs: minutes * 60_000 } }]);
});
