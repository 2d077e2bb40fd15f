/** What is recorded of an attempt's steps and of its end, row by row. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import type { OutcomeDeps } from "../../../src/engine/engineDeps.ts";
import { Ledger } from "../../../src/engine/ledger.ts";
import type { TaskOutcome } from "../../../src/engine/looper.ts";
import { recordOutcome, recordStep } from "../../../src/engine/outcome.ts";
import type { LeasedTask, Workspace } from "../../../src/engine/ports.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Attempt, Task } from "../../../src/model/task.ts";
import { newAttempt } from "../../contract/taskStoreFixtures.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

const workspace: Workspace = { repository: "/r", worktree: "/w", branch: "tm/a", baseSha: "b", startSha: "b" };

let t: TestEngine;
let ledger: Ledger;
let told: string[];
let deps: OutcomeDeps;
beforeEach(() => {
  t = new TestEngine();
  ledger = new Ledger(t.store, t.clock, { changes: new Emitter(), removals: new Emitter() });
  told = [];
  const guard = {
    succeeded: () => Promise.resolve(void told.push("succeeded")),
    failed: (_leased: LeasedTask, error: TaskMasterError, retry: object | undefined) =>
      Promise.resolve(void told.push(`failed ${error.code} ${retry === undefined ? "for good" : "for now"}`)),
  };
  deps = { ...t.deps, random: () => 1, guard: guard as never };
});
afterEach(() => t.close());

/** A running task under our lease. */
async function running(fields: Partial<Task> = {}, attempt: Partial<Attempt> | "none" = {}): Promise<LeasedTask> {
  const row = await t.add("write");
  const task: Task = { ...row, status: "in_progress", attempts: 1, fence: 1, lease: { owner: "test", token: 1, expiresAt: t.clock.now() + 30_000 }, ...fields };
  const own = { ...newAttempt(task), startedAt: t.clock.now(), ...(attempt === "none" ? {} : attempt) };
  await t.store.commit({ task, events: [], ...(attempt === "none" ? {} : { attempt: own }) });
  t.clock.advance(7);
  return { task: await t.engine.get(row.id), attempt: own, token: 1, baseBranches: [] };
}

const row = ({ task }: LeasedTask): Promise<Task> => t.engine.get(task.id);
const lastAttempt = async ({ task }: LeasedTask): Promise<Attempt | undefined> => (await t.engine.attempts(task.id)).at(-1);
const journal = async ({ task }: LeasedTask): Promise<object[]> => (await t.engine.events(task.id, { limit: 100 })).slice(1);
const failed = (more: Partial<Extract<TaskOutcome, { kind: "failed" }>> = {}, options = { retryable: true }): TaskOutcome => ({
  kind: "failed",
  error: new TaskMasterError("GOOSE_NETWORK", "no network", { details: "ECONNREFUSED", ...options }),
  ...more,
});
const completed: TaskOutcome = { kind: "completed", summary: "Done.", commit: { commits: ["c"], files: ["f"] }, workspace };

describe("a step", () => {
  test("is in the attempt with what it brought, and moves the task on", async () => {
    const leased = await running();
    await recordStep(ledger, leased, "prepared", { branch: "tm/a", worktree: "/w" });
    expect(await row(leased)).toMatchObject({ branch: "tm/a", progress: { percent: 3 } });
    expect(await lastAttempt(leased)).toMatchObject({ branch: "tm/a", worktree: "/w", steps: ["prepared"] });
    expect(await journal(leased)).toMatchObject([
      { type: "checkpoint", step: "prepared", data: { branch: "tm/a", worktree: "/w" }, attempt: 1 },
      { type: "progress_update", progress: { percent: 3 } },
    ]);
  });

  test("that says nothing of progress or branch leaves both as they are", async () => {
    const leased = await running({ branch: "tm/old", progress: { percent: 40, message: "shell" } });
    await recordStep(ledger, leased, "session", { sessionId: "s" });
    expect(await row(leased)).toMatchObject({ branch: "tm/old", progress: { percent: 40 } });
    expect(await journal(leased)).toMatchObject([{ type: "checkpoint", step: "session" }]);
  });

  test.each([
    ["agent_finished", 92],
    ["verified", 95],
    ["committed", 98],
  ] as const)("%s is %d per cent", async (step, percent) => {
    const leased = await running();
    await recordStep(ledger, leased, step, {});
    expect((await row(leased)).progress.percent).toBe(percent);
  });

  test("of an attempt that is not there, or under a lease that is not ours, is not recorded", async () => {
    const leased = await running({}, "none");
    await recordStep(ledger, leased, "prepared", {});
    expect(await journal(leased)).toEqual([]);
    const other = await running();
    await expect(recordStep(ledger, { ...other, token: 2 }, "prepared", {})).rejects.toMatchObject({ code: "STALE_LEASE" });
  });
});

describe("an end", () => {
  test("took no less than no time, also when the clock was set back", async () => {
    const leased = await running();
    t.clock.jump(-86_400_000);
    await recordOutcome(deps, ledger, leased, completed);
    expect(await row(leased)).toMatchObject({ status: "done", result: { metrics: { durationMs: 0 } } });
  });

  test("that is good has result, metrics and commits, and the queue hears of it first", async () => {
    const leased = await running({ progress: { percent: 98, message: "" } }, { steps: ["committed"] });
    const began = leased.attempt.startedAt;
    await recordOutcome(deps, ledger, leased, completed);
    const metrics = { startedAt: began, endedAt: began + 7, durationMs: 7 };
    expect(await row(leased)).toMatchObject({ status: "done", branch: "tm/a", result: { output: "Done.", artifacts: ["f"], metrics } });
    expect(await lastAttempt(leased)).toMatchObject({ outcome: "completed", endedAt: began + 7, commits: ["c"], steps: ["committed", "acknowledged"] });
    expect(await journal(leased)).toMatchObject([{ type: "completed", summary: "Done." }]);
    expect(told).toEqual(["succeeded"]);
  });

  test("that is good and was not pushed says so in result and journal", async () => {
    const leased = await running();
    await recordOutcome(deps, ledger, leased, { ...completed, notPushed: "no" });
    expect((await row(leased)).result?.output).toBe("Done.\n\nNot pushed: no");
    expect(await journal(leased)).toMatchObject([
      { type: "log", level: "warn", message: "Not pushed: no" },
      { type: "completed", summary: "Done." },
    ]);
  });

  test("of an attempt that is not there is the end of the task all the same", async () => {
    const leased = await running({}, "none");
    await recordOutcome(deps, ledger, leased, completed);
    const now = t.clock.now();
    expect(await row(leased)).toMatchObject({ status: "done", result: { metrics: { startedAt: now, endedAt: now, durationMs: 0 } } });
    expect(await lastAttempt(leased)).toBeUndefined();
  });

  test("that may pass puts the task back, and says when it is tried again", async () => {
    const leased = await running();
    await recordOutcome(deps, ledger, leased, failed({ savedAs: "refs/x" }));
    const at = t.clock.now() + 10_000;
    const reason = "no network Unfinished work is kept at refs/x.";
    expect(await row(leased)).toMatchObject({ status: "todo", notBefore: at });
    expect(await lastAttempt(leased)).toMatchObject({ outcome: "failed", endedAt: t.clock.now(), reason, errorCode: "GOOSE_NETWORK", steps: ["acknowledged"] });
    expect(await journal(leased)).toMatchObject([{ type: "error", code: "GOOSE_NETWORK", message: reason, details: "ECONNREFUSED", willRetryAt: at }]);
    expect(told).toEqual(["failed GOOSE_NETWORK for now"]);
  });

  test("that does not pass is a failure with its result", async () => {
    const leased = await running();
    await recordOutcome(deps, ledger, leased, { kind: "failed", error: new TaskMasterError("GOOSE_REFUSED", "no") });
    expect(await row(leased)).toMatchObject({
      status: "failed",
      result: { output: "", artifacts: [], error: { code: "GOOSE_REFUSED", message: "no" }, metrics: { durationMs: 7 } },
    });
    const [event] = await journal(leased);
    expect(event).toMatchObject({ type: "error", message: "no" });
    expect(event).not.toHaveProperty("details");
    expect(event).not.toHaveProperty("willRetryAt");
    expect(told).toEqual(["failed GOOSE_REFUSED for good"]);
  });

  test.each([
    ["stop", "stopped"],
    ["cancel", "cancelled"],
  ] as const)("by a %s is no failure of the queue; a request for it counts as one", async (end, status) => {
    const ended = await running();
    await recordOutcome(deps, ledger, ended, failed({ end, savedAs: "refs/x" }));
    const reason = "no network Unfinished work is kept at refs/x.";
    expect(await row(ended)).toMatchObject({ status });
    expect(await lastAttempt(ended)).toMatchObject({ outcome: status, endedAt: t.clock.now(), reason, steps: ["acknowledged"] });
    expect(await journal(ended)).toMatchObject([{ type: status, reason }]);
    expect(told).toEqual([]);
    const asked = await running({ request: end });
    await recordOutcome(deps, ledger, asked, failed());
    expect(await row(asked)).toMatchObject({ status });
  });

  test.each(["pause", "resume"] as const)("is not changed by the request to %s", async (request) => {
    const leased = await running({ request });
    await recordOutcome(deps, ledger, leased, failed());
    expect(await row(leased)).toMatchObject({ status: "todo" });
  });

  test("by a shutdown keeps the place", async () => {
    const leased = await running({}, { steps: ["prepared"] });
    await recordOutcome(deps, ledger, leased, failed({ end: "shutdown" }));
    expect(await row(leased)).toMatchObject({ status: "paused" });
    expect(await row(leased)).not.toHaveProperty("lease");
    expect(await lastAttempt(leased)).toMatchObject({ outcome: "running", steps: ["prepared"] });
    expect(await journal(leased)).toMatchObject([{ type: "paused", reason: "no network", isInterrupted: true }]);
    expect(told).toEqual([]);
  });

  test("by a lost lease is not ours to record", async () => {
    const leased = await running();
    const before = await row(leased);
    await recordOutcome(deps, ledger, leased, failed({ end: "lease_lost" }));
    expect(await row(leased)).toEqual(before);
    expect([await journal(leased), told]).toEqual([[], []]);
  });

  test("under a lease that is gone is refused", async () => {
    const leased = await running();
    await expect(recordOutcome(deps, ledger, { ...leased, token: 2 }, completed)).rejects.toMatchObject({ code: "STALE_LEASE" });
    expect(await row(leased)).toMatchObject({ status: "in_progress" });
  });
});
