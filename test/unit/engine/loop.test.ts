/** One attempt through the loop, with verbs of the test: which are called, in which order, and what comes out. */
import { beforeEach, describe, expect, test } from "vitest";
import { loop } from "../../../src/engine/loop.ts";
import type { LooperDeps, TaskOutcome, Verification } from "../../../src/engine/looper.ts";
import type { CommittedWork, ContinuedAttempt, GitOperations, LeasedTask, Workspace } from "../../../src/engine/ports.ts";
import { RunEnd } from "../../../src/engine/runEnd.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Attempt } from "../../../src/model/task.ts";
import { newAttempt, newTask } from "../../contract/taskStoreFixtures.ts";

const workspace: Workspace = { repository: "/r", worktree: "/w", branch: "tm/a", baseSha: "base", startSha: "start" };
const commit = { commits: ["c"], files: ["f"] };
const answer = { sessionId: "s", finalMessage: "Done." };
const good: Verification = { ok: true, summary: "Done." };
const bad: Verification = { ok: false, message: "It fails.", feedback: "Mend it." };

let calls: string[];
let recorded: unknown[];
let verdicts: Verification[];
let controller: AbortController;
let git: Partial<GitOperations>;
let worker: Partial<LooperDeps>;
beforeEach(() => {
  calls = [];
  recorded = [];
  verdicts = [good];
  controller = new AbortController();
  git = {};
  worker = {};
});

/** Plays one attempt and gives its outcome. */
async function play(continues?: ContinuedAttempt, attempt: Partial<Attempt> = {}): Promise<TaskOutcome> {
  const task = newTask("a", { attempts: 1 });
  const leased: LeasedTask = { task, attempt: newAttempt(task, attempt), token: 1, baseBranches: [], ...(continues === undefined ? {} : { continues }) };
  const tasks: LeasedTask[] = [leased];
  const outcomes: [LeasedTask, TaskOutcome][] = [];
  const verbs: GitOperations = {
    isClean: () => Promise.resolve(true),
    branch: () => Promise.resolve(workspace),
    changes: () => Promise.reject(new Error("the check of the work is a verb of its own")),
    commitAndPush: () => Promise.resolve(commit),
    push: () => Promise.resolve({ pushed: false }),
    cleanup: () => Promise.resolve({}),
    ...git,
  };
  const spied = Object.fromEntries(
    Object.entries(verbs).map(([name, verb]) => [
      name,
      (...args: unknown[]) => {
        calls.push(name === "cleanup" ? `cleanup ${String(args[2])}` : name);
        return (verb as (...all: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as GitOperations;
  await loop({
    git: spied,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    pullTask: () => Promise.resolve(tasks.shift() ?? "empty"),
    runWorker: (_leased, _workspace, { feedback }) => {
      calls.push(feedback === undefined ? "run" : `run: ${feedback}`);
      return Promise.resolve(answer);
    },
    verify: () => {
      calls.push("verify");
      return Promise.resolve(verdicts.shift() ?? good);
    },
    ackTask: (...end) => Promise.resolve(void outcomes.push(end)),
    checkpoint: (_leased, step, data) => Promise.resolve(void recorded.push([step, data])),
    sleep: () => Promise.resolve(),
    ...worker,
  })({ signal: controller.signal });
  expect(outcomes.map(([whose]) => whose)).toEqual([leased]);
  return (outcomes[0] as [LeasedTask, TaskOutcome])[1];
}

const steps = (): unknown[] => recorded.map((entry) => (entry as unknown[])[0]);

describe("an attempt", () => {
  test("goes from the clean check to the clean-up and records each step with what it brought", async () => {
    expect(await play()).toEqual({ kind: "completed", summary: "Done.", commit, workspace });
    expect(calls).toEqual(["isClean", "branch", "run", "verify", "commitAndPush", "push", "cleanup branch"]);
    expect(recorded).toEqual([
      ["prepared", { branch: "tm/a", baseSha: "base", startSha: "start", worktree: "/w" }],
      ["agent_finished", answer],
      ["verified", {}],
      ["committed", commit],
    ]);
  });

  test("does not begin where something is in the way", async () => {
    git = { isClean: () => Promise.resolve(false) };
    expect(await play()).toMatchObject({ kind: "failed", error: { code: "DIRTY_REPOSITORY" } });
    expect(calls).toEqual(["isClean"]);
  });

  test("gives the agent one more chance with the feedback, and voids its first answer before", async () => {
    verdicts = [bad, good];
    expect(await play()).toMatchObject({ kind: "completed" });
    expect(calls.slice(2, 6)).toEqual(["run", "verify", "run: Mend it.", "verify"]);
    expect(recorded.slice(1, 4)).toEqual([
      ["agent_finished", answer],
      ["session", { sessionId: "s" }],
      ["agent_finished", answer],
    ]);
  });

  test("and no third: then it has failed, and may be tried again", async () => {
    verdicts = [bad, { ...bad, message: "It still fails." }, good];
    expect(await play()).toMatchObject({ kind: "failed", error: { code: "VERIFICATION_FAILED", message: "It still fails.", retryable: true } });
    expect(calls.filter((call) => call.startsWith("run"))).toHaveLength(2);
    expect(calls.at(-1)).toBe("cleanup ref");
  });

  test.each(["empty", "aborted"] as const)("is not there when the queue is %s", async (word) => {
    let acknowledged = 0;
    const deps = { pullTask: () => Promise.resolve(word), ackTask: () => Promise.resolve(void acknowledged++) } as unknown as LooperDeps;
    await loop(deps)({ signal: controller.signal });
    expect(acknowledged).toBe(0);
  });
});

describe("behind the commit", () => {
  test("a push that got through is a step", async () => {
    git = { push: () => Promise.resolve({ pushed: true }) };
    expect(await play()).toEqual({ kind: "completed", summary: "Done.", commit, workspace });
    expect(steps()).toEqual(["prepared", "agent_finished", "verified", "committed", "pushed"]);
  });

  test("a push that did not is told, and is no failure", async () => {
    git = { push: () => Promise.resolve({ pushed: false, reason: "no" }) };
    expect(await play()).toMatchObject({ kind: "completed", notPushed: "no" });
    git = { push: () => Promise.reject(new TaskMasterError("WORKER_FAILED", "gone")) };
    expect(await play()).toMatchObject({ kind: "completed", notPushed: "gone" });
    expect(steps()).not.toContain("pushed");
  });

  test("a push that was stopped is a stop", async () => {
    git = {
      push: () => {
        controller.abort(new RunEnd("stop", "Stopped."));
        return Promise.reject(new Error("aborted"));
      },
    };
    expect(await play()).toMatchObject({ kind: "failed", end: "stop", error: { message: "Stopped." } });
    expect(calls.at(-1)).toBe("cleanup branch");
  });

  test("a worktree that cannot be removed is no failure", async () => {
    git = { cleanup: () => Promise.reject(new Error("busy")) };
    expect(await play()).toEqual({ kind: "completed", summary: "Done.", commit, workspace });
  });
});

describe("a failure", () => {
  const broken = new TaskMasterError("GOOSE_NETWORK", "no network", { retryable: true });
  const failing = (thrown: unknown, before: () => void = () => undefined): void => {
    worker = {
      runWorker: () => {
        before();
        return Promise.reject(thrown);
      },
    };
  };
  const ending = (reason?: unknown) => () => controller.abort(reason);

  test("before there is a place leaves nothing to clean up", async () => {
    git = { branch: () => Promise.reject(broken) };
    expect(await play()).toEqual({ kind: "failed", error: broken });
    expect(calls).toEqual(["isClean", "branch"]);
  });

  test("of the agent saves the work under a ref and says where", async () => {
    failing(broken);
    git = { cleanup: () => Promise.resolve({ savedAs: "refs/x" }) };
    expect(await play()).toEqual({ kind: "failed", error: broken, savedAs: "refs/x" });
    expect(calls.at(-1)).toBe("cleanup ref");
    git = {};
    expect(await play()).toEqual({ kind: "failed", error: broken });
    git = { cleanup: () => Promise.reject(new Error("busy")) };
    expect(await play()).toEqual({ kind: "failed", error: broken });
  });

  test.each([
    ["stop", "branch"],
    ["cancel", "ref"],
  ] as const)("by a %s keeps the work as a %s, and the echo of the worker does not count", async (intent, keep) => {
    failing(broken, ending(new RunEnd(intent, "By the user.")));
    expect(await play()).toMatchObject({ kind: "failed", end: intent, error: { code: "CANCELLED", message: "By the user." } });
    expect(calls.at(-1)).toBe(`cleanup ${keep}`);
  });

  test("by a bare abort is a stop", async () => {
    failing(broken, ending());
    expect(await play()).toMatchObject({ kind: "failed", end: "stop" });
    expect(calls.at(-1)).toBe("cleanup branch");
  });

  test.each(["shutdown", "lease_lost"] as const)("by a %s touches nothing", async (intent) => {
    failing(broken, ending(new RunEnd(intent, "The end.")));
    expect(await play()).toEqual({ kind: "failed", end: intent, error: new RunEnd(intent, "The end.") });
    expect(calls).toEqual(["isClean", "branch"]);
  });

  test("that the worker itself calls the end is one", async () => {
    failing(new RunEnd("shutdown", "The queue cannot be written."));
    expect(await play()).toMatchObject({ kind: "failed", end: "shutdown" });
    expect(calls).toEqual(["isClean", "branch"]);
  });

  test("by a lost lease touches nothing, also when the user stops it at the same time", async () => {
    failing(new TaskMasterError("STALE_LEASE", "taken over"), ending(new RunEnd("stop", "Stopped.")));
    expect(await play()).toMatchObject({ kind: "failed", end: "lease_lost", error: { message: "taken over" } });
    expect(calls).toEqual(["isClean", "branch"]);
  });
});

describe("an interrupted attempt", () => {
  const place = { sessionId: "s", workspace };
  const committed: CommittedWork = { ...commit, workspace, summary: "Done before." };

  test("goes on in its place, which is not recorded again", async () => {
    expect(await play(place)).toMatchObject({ kind: "completed" });
    expect(calls).toEqual(["isClean", "branch", "run", "verify", "commitAndPush", "push", "cleanup branch"]);
    expect(steps()).toEqual(["agent_finished", "verified", "committed"]);
  });

  test("whose place was made anew records that, and asks the agent again", async () => {
    git = { branch: () => Promise.resolve({ ...workspace, isRemade: true }) };
    expect(await play({ ...place, result: answer })).toMatchObject({ kind: "completed" });
    expect(calls).toContain("run");
    expect(steps()).toEqual(["prepared", "agent_finished", "verified", "committed"]);
  });

  test("behind the agent is checked without asking it", async () => {
    expect(await play({ ...place, result: answer })).toMatchObject({ kind: "completed", summary: "Done." });
    expect(calls).toEqual(["isClean", "branch", "verify", "commitAndPush", "push", "cleanup branch"]);
  });

  test("behind the commit is pushed and acknowledged, behind the push only acknowledged", async () => {
    expect(await play({ ...place, result: answer, commit: committed })).toEqual({ kind: "completed", summary: "Done before.", commit, workspace });
    expect(calls).toEqual(["push", "cleanup branch"]);
    calls = [];
    await play({ ...place, result: answer, commit: committed }, { steps: ["committed", "pushed"] });
    expect(calls).toEqual(["cleanup branch"]);
  });

  test("that is stopped behind the commit is cleaned up where it was", async () => {
    git = {
      push: () => {
        controller.abort(new RunEnd("stop", "Stopped."));
        return Promise.reject(new Error("aborted"));
      },
    };
    expect(await play({ ...place, result: answer, commit: committed })).toMatchObject({ kind: "failed", end: "stop" });
    expect(calls).toEqual(["push", "cleanup branch"]);
  });
});
