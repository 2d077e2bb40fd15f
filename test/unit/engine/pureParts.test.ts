/** The parts of the engine that only compute: each rule with the values on both sides of its bound. */
import { describe, expect, test } from "vitest";
import { afterLimit, agentLimit, agentOf, agentOfName, isOnTrial, isWaiting, limitJson, limitName, parseLimit } from "../../../src/engine/agentProfiles.ts";
import { attemptStory } from "../../../src/engine/attemptStory.ts";
import { afterFailure, afterSuccess, breakerJson, maxFailuresInRow, parseBreaker, stopOf } from "../../../src/engine/circuitBreaker.ts";
import { continuedAttempt } from "../../../src/engine/continuedAttempt.ts";
import { interruptionReason } from "../../../src/engine/interruption.ts";
import { makeTask } from "../../../src/engine/newTask.ts";
import { longestWaitMs, nextRetry, waitsForLimit } from "../../../src/engine/retryPolicy.ts";
import { continuePrompt, handOverPrompt, taskPrompt } from "../../../src/engine/taskContext.ts";
import { judge, saysNothingToChange } from "../../../src/engine/verification.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { Task } from "../../../src/model/task.ts";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import { newAttempt, newTask, taskId } from "../../contract/taskStoreFixtures.ts";

const now = 1_000_000_000;
const minute = 60_000;
const most = (): number => 1;

describe("a limit of an agent", () => {
  const met = { now, startedAt: now - 10, retryAt: now + minute, reason: "slow" };
  const once = { since: now, until: now + minute, strikes: 1, reason: "slow" };

  test("met for the first time lasts until the task's next try", () => {
    expect(afterLimit(undefined, met, most)).toEqual(once);
    expect(afterLimit(undefined, { ...met, retryAt: now - 1 }, most).until).toBe(now - 1);
  });

  test("met again lasts as long as the backoff, or longer when the provider says so", () => {
    const again = { ...met, now: now + 5, startedAt: now + 1 };
    expect(afterLimit(once, again, most)).toEqual({ since: now + 5, until: now + 5 + 2 * minute, strikes: 2, reason: "slow" });
    expect(afterLimit(once, { ...again, retryAt: now + 9 * minute }, most).until).toBe(now + 9 * minute);
    const twice = afterLimit(once, again, most);
    expect(afterLimit(twice, { ...again, startedAt: now + 6 }, most)).toMatchObject({ strikes: 3, until: now + 5 + 4 * minute });
  });

  test("met by attempts that were under way together is one, with the later end", () => {
    for (const startedAt of [now - 10, now]) {
      expect(afterLimit(once, { ...met, startedAt, retryAt: now + 2 * minute, reason: "slower" }, most)).toEqual({
        ...once,
        until: now + 2 * minute,
        reason: "slower",
      });
      expect(afterLimit(once, { ...met, startedAt, retryAt: now + 1 }, most).until).toBe(now + minute);
    }
  });

  test("holds before its end, unless the clock was set back by more than it could last", () => {
    expect([now, now + minute - 1, now + minute, now + 2 * minute].map((at) => isWaiting(once, at))).toEqual([true, true, false, false]);
    expect([now - longestWaitMs, now - longestWaitMs - 1].map((at) => isWaiting(once, at))).toEqual([true, false]);
  });

  test("is on trial while the task runs, or is just being taken", () => {
    const trial = { taskId: taskId("a"), attempts: 2, at: now };
    const on = (task: Partial<Task> | undefined, at = now): boolean =>
      isOnTrial(trial, task === undefined ? undefined : newTask("a", { attempts: 2, ...task }), { now: at, graceMs: 100 });
    expect(on(undefined)).toBe(false);
    expect([on({ status: "in_progress" }, now + 1_000), on({ status: "paused" }), on({ status: "done" })]).toEqual([true, false, false]);
    expect([on({ attempts: 3 }), on({})]).toEqual([false, true]);
    expect([now + 99, now + 100, now - 100, now - 101].map((at) => on({}, at))).toEqual([true, false, true, false]);
  });

  test("is told with whether somebody tries, and stored with who", () => {
    const trial = { taskId: taskId("a"), attempts: 2, at: now };
    expect(agentLimit("x", once, now)).toEqual({ agent: "x", until: now + minute, reason: "slow", isTrying: false });
    expect(agentLimit("x", once, now + minute)).toMatchObject({ isTrying: true });
    expect([limitJson(once), limitJson({ ...once, trial })]).toEqual([once, { ...once, trial }]);
    expect([parseLimit({ ...once }), parseLimit({ ...once, trial })]).toEqual([once, { ...once, trial }]);
  });

  test("that does not fit its form is none; a trial that does not is left out; nothing lasts longer than a day", () => {
    for (const name of ["since", "until", "strikes", "reason"]) expect(parseLimit({ ...once, [name]: null }), name).toBeUndefined();
    expect(parseLimit(undefined)).toBeUndefined();
    const trial = { taskId: taskId("a"), attempts: 2, at: now };
    for (const wrong of [null, "x", { ...trial, taskId: 7 }, { ...trial, taskId: "../etc" }, { ...trial, attempts: "2" }, { ...trial, at: null }]) {
      expect(parseLimit({ ...once, trial: wrong }), JSON.stringify(wrong)).toEqual(once);
    }
    expect(parseLimit({ ...once, until: Number.MAX_SAFE_INTEGER })?.until).toBe(now + longestWaitMs);
  });

  test("has its name under which only it is found", () => {
    expect([agentOf({}), agentOf({ agent: "x" })]).toEqual(["", "x"]);
    expect([agentOfName(limitName("")), agentOfName(limitName("x")), agentOfName("breaker")]).toEqual(["", "x", undefined]);
  });
});

describe("the circuit breaker", () => {
  const note = (at: number) => ({ taskId: taskId("a"), title: "a", attempt: at, code: "GOOSE_REFUSED", message: "no", at }) as const;
  const failures = (count: number) => Array.from({ length: count }, (_, index) => note(index));

  test("counts up to its bound, and then keeps the newest and the time at which it opened", () => {
    expect(afterFailure(undefined, note(0), false)).toEqual({ failures: [note(0)] });
    expect(afterFailure({ failures: failures(maxFailuresInRow - 2) }, note(7), false)).not.toHaveProperty("stoppedAt");
    const open = afterFailure({ failures: failures(maxFailuresInRow - 1) }, note(7), false);
    expect(open).toEqual({ failures: [...failures(maxFailuresInRow - 1), note(7)], stoppedAt: 7, isCertain: false });
    const later = afterFailure(open, note(8), true);
    expect(later).toEqual({ failures: [...failures(maxFailuresInRow - 1).slice(1), note(7), note(8)], stoppedAt: 7, isCertain: true });
    expect(afterFailure({ ...later, failures: [] }, note(9), false)).toEqual({ failures: [note(9)], stoppedAt: 7, isCertain: true });
  });

  test("counts an attempt once, whatever is said of it the second time, and that of another task apart", () => {
    const again = { ...note(0), at: 9, message: "again" };
    expect(afterFailure({ failures: [note(0), note(1)] }, again, false).failures).toEqual([note(1), again]);
    const other = { ...note(0), taskId: taskId("b") };
    expect(afterFailure({ failures: [note(0)] }, other, false).failures).toEqual([note(0), other]);
  });

  test("opens at once for what every task would meet", () => {
    expect(afterFailure(undefined, note(3), true)).toEqual({ failures: [note(3)], stoppedAt: 3, isCertain: true });
  });

  test("is closed by a success unless it is open", () => {
    expect([afterSuccess(undefined), afterSuccess({ failures: failures(2) })]).toEqual([undefined, undefined]);
    const open = { failures: failures(2), stoppedAt: 1 };
    expect(afterSuccess(open)).toBe(open);
    expect([stopOf(undefined), stopOf({ failures: [] })]).toEqual([undefined, undefined]);
    expect(stopOf(open)).toEqual({ at: 1, failures: failures(2), isCertain: false });
    expect(stopOf({ ...open, isCertain: true })?.isCertain).toBe(true);
  });

  test("is read as it was stored; what does not fit is left out", () => {
    const open = { failures: failures(2), stoppedAt: 1, isCertain: true };
    expect(parseBreaker(breakerJson(open))).toEqual(open);
    expect(parseBreaker(breakerJson({ failures: failures(1) }))).toEqual({ failures: failures(1) });
    expect(breakerJson({ failures: [], stoppedAt: 1 })).toEqual({ failures: [], stoppedAt: 1, isCertain: false });
    expect([parseBreaker(undefined), parseBreaker({}), parseBreaker({ failures: "none" })]).toEqual([undefined, undefined, undefined]);
    expect(parseBreaker({ failures: [], stoppedAt: "now", isCertain: true })).toEqual({ failures: [] });
    expect(parseBreaker({ failures: [], stoppedAt: 1, isCertain: "yes" })).toEqual({ failures: [], stoppedAt: 1, isCertain: false });
    const wrong = [null, "x", { ...note(1), taskId: 7 }, { ...note(1), taskId: "../etc" }, { ...note(1), code: "NO_SUCH" }, { ...note(1), title: 1 }];
    expect(parseBreaker({ failures: [...wrong, { ...note(1), message: null }, { ...note(1), at: "now" }, note(2)] as never })).toEqual({ failures: [note(2)] });
    expect(parseBreaker({ failures: failures(maxFailuresInRow + 2) })?.failures).toEqual(failures(maxFailuresInRow + 2).slice(2));
  });
});

test("a task waits for a limit when it is ready, has a time, and met one", () => {
  const result = (code: "GOOSE_RATE_LIMIT" | "GOOSE_CREDITS" | "GOOSE_NETWORK") => ({
    output: "",
    error: { code, message: "" },
    artifacts: [],
    metrics: { startedAt: 1, endedAt: 2, durationMs: 1 },
  });
  const limited = newTask("a", { notBefore: now, result: result("GOOSE_RATE_LIMIT") });
  expect(waitsForLimit(limited)).toBe(true);
  expect(waitsForLimit({ ...limited, result: result("GOOSE_CREDITS") })).toBe(true);
  expect(waitsForLimit({ ...limited, result: result("GOOSE_NETWORK") })).toBe(false);
  expect(waitsForLimit({ ...limited, status: "failed" })).toBe(false);
  expect([newTask("a", { result: result("GOOSE_RATE_LIMIT") }), newTask("a", { notBefore: now })].map(waitsForLimit)).toEqual([false, false]);
});

test("the end of a limit is a whole millisecond, and the first of a free failure's waits is the shortest", () => {
  const task = newTask("a", { attempts: 1 });
  const limit = (retryAt?: number) => new TaskMasterError("GOOSE_RATE_LIMIT", "slow", { retryable: false, ...(retryAt === undefined ? {} : { retryAt }) });
  expect(nextRetry(task, limit(now + 0.5), now, most)).toEqual({ at: now + 1, isFree: true });
  expect(nextRetry(task, limit(), now, () => 0)).toEqual({ at: now + minute / 2, isFree: true });
  expect(nextRetry({ ...task, attempts: 3 }, limit(), now, most)).toEqual({ at: now + 4 * minute, isFree: true });
});

describe("the verdict on finished work", () => {
  const check = (exitCode: number, timedOut = false) => ({ command: "npm test", exitCode, outputTail: "the end", timedOut });
  const said = (finalMessage: string) => ({ sessionId: "s", finalMessage });

  test("needs a change or the word that there is none, and every command to pass", () => {
    expect(judge(said("Done."), ["a"], [])).toEqual({ ok: true, summary: "Done." });
    expect(judge(said("Done."), [], [])).toMatchObject({ ok: false, feedback: expect.stringContaining("NOTHING TO CHANGE:") as string });
    expect(judge(said("nothing to change: it is there already"), [], [])).toEqual({ ok: true, summary: "nothing to change: it is there already" });
    expect([saysNothingToChange("Nothing to change: it is there already."), saysNothingToChange("There is nothing to change.")]).toEqual([true, false]);
    expect(judge(said("Done."), ["a"], [check(0), check(0)]).ok).toBe(true);
  });

  test("names the first command that failed, how, and the end of its output", () => {
    const second = { ...check(7), command: "npm run lint" };
    expect(judge(said("Done."), ["a"], [check(0), second, check(1)])).toEqual({
      ok: false,
      message: expect.stringMatching(/^The acceptance command "npm run lint" ended with exit code 7\. /) as string,
      feedback: expect.stringMatching(/^The acceptance command `npm run lint` ended with exit code 7\.[^]*the end/) as string,
    });
    expect(judge(said("Done."), ["a"], [check(137, true)])).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^The acceptance command "npm test" did not end in time\. /) as string,
    });
  });
});

describe("what Goose is told", () => {
  const plain = newTask("a", { title: "Write", prompt: "Write it." });
  const section = (text: string, title: string): string[] => text.split("\n").slice(text.split("\n").indexOf(`## ${title}`) + 1);

  test("has no section for what there is none of", () => {
    const text = taskPrompt(plain, []);
    expect(text.split("\n").slice(0, 5)).toEqual(["# Task: Write", "", "Write it.", "", "## How to work here"]);
    expect(text).not.toMatch(/accepted when|Finished tasks/);
  });

  test("says when the work is accepted", () => {
    const accepted = (acceptance: Task["acceptance"]) => section(taskPrompt({ ...plain, acceptance }, []), "Your work is accepted when").slice(0, 3);
    expect(accepted({ commands: ["npm test"], criteria: "It is short." })).toEqual(["It is short.", "- this command exits with 0: npm test", ""]);
    expect(accepted({ commands: [], criteria: "It is short." }).slice(0, 2)).toEqual(["It is short.", ""]);
    expect(accepted({ commands: ["npm test"] }).slice(0, 2)).toEqual(["- this command exits with 0: npm test", ""]);
  });

  test("says what the tasks before it changed, in bounded words", () => {
    const artifacts = Array.from({ length: 25 }, (_, index) => `f${index}`);
    const done = newTask("b", {
      status: "done",
      branch: "tm/b",
      result: { output: "x".repeat(2_000), artifacts, metrics: { startedAt: 1, endedAt: 2, durationMs: 1 } },
    });
    const lines = section(taskPrompt(plain, [done, newTask("c", { status: "failed" })]), "Finished tasks that this one builds on").slice(0, 4);
    expect(lines).toEqual([
      `- task b0000000 (done, branch tm/b) changed ${artifacts.slice(0, 20).join(", ")}`,
      `  ${"x".repeat(1_500)}`,
      "- task c0000000 (failed)",
      "  ",
    ]);
  });

  test("after an interruption says nothing of the task, and of the worktree only when it was made anew", () => {
    expect(continuePrompt(false).split("\n")).toHaveLength(2);
    expect(continuePrompt(true)).toContain("not committed are lost");
  });

  const event = (body: TaskEventBody, seq = 1): TaskEvent =>
    ({ ...body, id: seq, seq, taskId: "a0000000" as TaskId, attempt: 1, at: 1 }) as unknown as TaskEvent;
  const call = (toolCallId: string, more: object = {}): TaskEvent => event({ type: "tool_call", call: { toolCallId, ...more } });
  const say = (text: string, messageId = "m", role: "agent" | "thought" = "agent"): TaskEvent => event({ type: "message", role, messageId, text });

  test("takes over the story of an earlier session: its last calls and what it said last", () => {
    expect(attemptStory([])).toEqual([]);
    expect(handOverPrompt(plain, [], []).split("\n").at(-1)).toContain("An earlier attempt");
    const story = [
      say("earlier", "l"),
      call("1", { toolName: "shell", status: "in_progress" }),
      call("2"),
      call("1", { title: "npm test", status: "completed" }),
      call("1", { exitCode: 0 }),
      say(" Half of it "),
      say("a thought", "m", "thought"),
      say("is there. "),
    ];
    expect(attemptStory(story)).toEqual([
      "",
      "Its last tool calls:",
      "- npm test (completed)",
      "- 2 (pending)",
      "",
      "The last thing it said: Half of it is there.",
    ]);
    expect(attemptStory([say("  ")])).toEqual([]);
    expect(handOverPrompt(plain, [], story)).toMatch(/Half of it is there\.$/);
  });

  test("of a long story only the end", () => {
    const calls = Array.from({ length: 45 }, (_, index) => call(String(index), { title: `${index} ${"t".repeat(300)}` }));
    const lines = attemptStory([...calls, say(`${"x".repeat(1_000)}${"y".repeat(1_000)}`)]);
    expect(lines.slice(2, 42)).toEqual(Array.from({ length: 40 }, (_, index) => `- ${`${index + 5} ${"t".repeat(300)}`.slice(0, 200)} (pending)`));
    expect(lines.at(-1)).toBe(`The last thing it said: ${"x".repeat(500)}${"y".repeat(1_000)}`);
  });
});

describe("where an interrupted attempt goes on", () => {
  const task = newTask("a");
  const place = { branch: "b", worktree: "/w", baseSha: "1", startSha: "2" };
  const workspace = { repository: "/repository", ...place };
  const finished = { sessionId: "s", finalMessage: "Done.", steps: ["agent_finished"] } as const;
  const continued = (fields: Parameters<typeof newAttempt>[1]): unknown => continuedAttempt(task, newAttempt(task, fields));

  test("by what it had recorded", () => {
    expect(continued({})).toEqual({});
    expect(continued({ sessionId: "s" })).toEqual({ sessionId: "s" });
    expect(continued(place)).toEqual({ workspace });
    const { startSha: _startSha, ...older } = place;
    expect(continued(older)).toEqual({ workspace: { ...workspace, startSha: "1" } });
    for (const missing of ["branch", "worktree"] as const) {
      const { [missing]: _gone, ...rest } = place;
      expect(continued(rest), missing).toEqual({});
    }
    const { baseSha: _baseSha, ...baseless } = place;
    expect(continued(baseless)).toEqual({});
  });

  test("behind the agent only when all of its answer is there", () => {
    const result = { sessionId: "s", finalMessage: "Done." };
    expect(continued(finished)).toEqual({ sessionId: "s", result });
    expect(continued({ ...finished, steps: ["session"] })).toEqual({ sessionId: "s" });
    const { finalMessage: _message, ...silent } = finished;
    expect(continued({ ...silent })).toEqual({ sessionId: "s" });
    const { sessionId: _session, ...nameless } = finished;
    expect(continued({ ...nameless })).toEqual({});
  });

  test("behind the commit only when it is known what was committed, and where", () => {
    const result = { sessionId: "s", finalMessage: "Done." };
    const committed = { ...finished, ...place, steps: ["agent_finished", "committed"], commits: ["c"], files: ["f"] } as const;
    expect(continued(committed)).toEqual({ sessionId: "s", workspace, result, commit: { commits: ["c"], files: ["f"], workspace, summary: "Done." } });
    const { files: _files, ...fileless } = committed;
    expect(continued(fileless)).toEqual({ sessionId: "s", workspace, result });
    const { worktree: _worktree, ...placeless } = committed;
    expect(continued(placeless)).toEqual({ sessionId: "s", result });
    expect(continued({ ...committed, steps: ["agent_finished"] })).toEqual({ sessionId: "s", workspace, result });
  });
});

test("an interruption is told in one line: where it was, and what had to be ended", () => {
  const at = (...steps: NonNullable<Parameters<typeof newAttempt>[1]>["steps"] & object) => newAttempt(newTask("a"), { steps });
  expect(interruptionReason(undefined, 0)).toMatch(/; it had just begun\. Resume/);
  expect(interruptionReason(at(), 1)).toMatch(/; it had just begun\. A process that it left running was ended\. Resume/);
  expect(interruptionReason(at("prepared", "session"), 2)).toMatch(/; Goose was at work\. 2 processes that it left running were ended\. Resume/);
  expect(interruptionReason(at("acknowledged"), 0)).toContain("it had just begun");
});

describe("a new task", () => {
  const make = (input: Parameters<typeof makeTask>[0]): Task => makeTask(input, { now, random: Math.random, repository: "/r", maxAttempts: 4 });
  const title = "a";

  test("has what was given, without doubles, and else what the settings say", () => {
    expect(make({ title: " a " })).toMatchObject({
      title: "a",
      prompt: "a",
      status: "todo",
      tags: [],
      dependsOn: [],
      maxAttempts: 4,
      acceptance: { commands: [] },
      budget: {},
    });
    expect(make({ title })).not.toHaveProperty("deadline");
    const given = {
      prompt: " do it ",
      priority: "high",
      deadline: 5,
      tags: ["x", "x", "y"],
      dependsOn: [taskId("b"), taskId("b")],
      maxAttempts: 1,
      budget: { turns: 3 },
    } as const;
    expect(make({ title, ...given, acceptance: { commands: ["t"] } })).toMatchObject({
      prompt: "do it",
      status: "blocked",
      priority: "high",
      deadline: 5,
      tags: ["x", "y"],
      dependsOn: [taskId("b")],
      maxAttempts: 1,
      acceptance: { commands: ["t"] },
      budget: { turns: 3 },
    });
  });

  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `x${index}`);
  const ids = (count: number): TaskId[] => Array.from({ length: count }, (_, index) => String(index).padStart(8, "0") as TaskId);
  test.each([
    ["the longest title", { title: "x".repeat(200) }],
    ["the longest prompt", { title, prompt: "x".repeat(100_000) }],
    ["a prompt of several lines", { title, prompt: "a\nb" }],
    ["a hundred tags", { title, tags: many(100) }],
    ["the longest tag", { title, tags: ["x".repeat(100)] }],
    ["a hundred dependencies", { title, dependsOn: ids(100) }],
    ["a hundred commands", { title, acceptance: { commands: many(100) } }],
    ["one attempt", { title, maxAttempts: 1 }],
  ])("%s is accepted", (_what, input) => expect(make(input)).toMatchObject({ repository: "/r" }));

  test.each([
    ["a title that is too long", { title: "x".repeat(201) }],
    ["a title with a control character", { title: "a\u007fb" }],
    ["a prompt that is too long", { title, prompt: "x".repeat(100_001) }],
    ["a prompt with a NUL", { title, prompt: "a\0b" }],
    ["a priority that is none", { title, priority: "urgent" as never }],
    ["a deadline without end", { title, deadline: Infinity }],
    ["too many tags", { title, tags: many(101) }],
    ["a tag that is too long", { title, tags: ["x", "x".repeat(101)] }],
    ["a tag of blanks", { title, tags: [" "] }],
    ["a tag with a line break", { title, tags: ["a\nb"] }],
    ["too many dependencies", { title, dependsOn: ids(101) }],
    ["too many commands", { title, acceptance: { commands: many(101) } }],
    ["no attempt", { title, maxAttempts: 0 }],
    ["half an attempt", { title, maxAttempts: 1.5 }],
  ])("%s is refused", (_what, input) => expect(() => make(input)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" })));
});
