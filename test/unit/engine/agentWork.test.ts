/** The agent's part of an attempt: which prompt it gets, where it waits, what ends it. */
import { beforeEach, describe, expect, test } from "vitest";
import { Gate } from "../../../src/base/gate.ts";
import { unattended } from "../../../src/engine/approvals.ts";
import { createAgentWork, type AgentWorkDeps } from "../../../src/engine/agentWork.ts";
import { decidePermission } from "../../../src/engine/permissionPolicy.ts";
import type {
  AgentPrompt,
  AgentResult,
  AgentTurn,
  ContinuedAttempt,
  EventQuery,
  InvocationObserver,
  LeasedTask,
  Workspace,
} from "../../../src/engine/ports.ts";
import { RunEnd } from "../../../src/engine/runEnd.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import type { Task } from "../../../src/model/task.ts";
import type { TaskEvent, WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { newAttempt, newTask } from "../../contract/taskStoreFixtures.ts";

const answer: AgentResult = { sessionId: "s", finalMessage: "Done." };
const place: Workspace = { repository: "/r", worktree: "/w", branch: "tm/a", baseSha: "base", startSha: "base" };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Turn {
  readonly prompt: AgentPrompt;
  readonly observer: InvocationObserver;
  readonly ended: PromiseWithResolvers<AgentResult>;
  readonly steered: string[];
}

let turns: Turn[];
let journal: WorkerEventBody[];
let held: () => Promise<boolean>;
let onTurn: (turn: Turn) => void;
let sessionId: string | undefined;
let story: TaskEvent[];
let queries: EventQuery[];
let tasks: Task[];
let controller: AbortController;
let heardTurns: (AgentTurn | undefined)[];
let lost: RunEnd[];
beforeEach(() => {
  turns = [];
  journal = [];
  held = () => Promise.resolve(true);
  onTurn = ({ ended }) => ended.resolve(answer);
  sessionId = undefined;
  story = [];
  queries = [];
  tasks = [];
  controller = new AbortController();
  heardTurns = [];
  lost = [];
});

function work(
  options: { workspace?: Workspace; feedback?: string; continues?: ContinuedAttempt; task?: Partial<Task> } & Partial<AgentWorkDeps> = {},
): Promise<AgentResult> {
  const { workspace = place, feedback, continues, task: fields = {}, ...more } = options;
  const task = newTask("a", fields);
  const leased: LeasedTask = { task, attempt: newAttempt(task), token: 1, baseBranches: [], ...(continues === undefined ? {} : { continues }) };
  const deps: AgentWorkDeps = {
    approval: unattended(() => defaultSettings),
    agent: {
      run: (_leased, _workspace, prompt, observer) => {
        const turn: Turn = { prompt, observer, ended: Promise.withResolvers(), steered: [] };
        turns.push(turn);
        onTurn(turn);
        return {
          result: turn.ended.promise,
          pause: () => turn.steered.push("pause"),
          resume: () => turn.steered.push("resume"),
          cancel: (reason) => {
            turn.steered.push(`cancel: ${reason}`);
            turn.ended.reject(new TaskMasterError("CANCELLED", reason));
          },
          tell: () => undefined,
        };
      },
    },
    store: {
      get: (id) => Promise.resolve(tasks.find((each) => each.id === id)),
      attempts: () => Promise.resolve([newAttempt(task, { sessionId: "earlier" }), newAttempt(task, sessionId === undefined ? {} : { sessionId })]),
      events: (_id, query) => (queries.push(query), Promise.resolve(story)),
    },
    journal: (_leased, events) => (journal.push(...events), held()),
    log,
    onTurn: (turn) => void heardTurns.push(turn),
    onLost: (end) => void lost.push(end),
    ...more,
  };
  return createAgentWork(deps)(leased, workspace, { signal: controller.signal, ...(feedback === undefined ? {} : { feedback }) });
}

const said = (): [string, string | undefined][] => turns.map(({ prompt }) => [prompt.text.split("\n")[0] ?? "", prompt.sessionId]);

describe("the prompt", () => {
  test("of a fresh attempt is the task, with what it builds on and the instructions before it", async () => {
    const base = newTask("b", { status: "done" });
    tasks = [base];
    expect(await work({ task: { dependsOn: [base.id, newTask("gone").id] }, instructions: () => Promise.resolve("Use tabs.") })).toEqual(answer);
    expect(turns[0]?.prompt).toEqual({ text: expect.stringMatching(/^Use tabs\.\n\n# Task: Task a[^]*- task b0000000 \(done\)/) as string });
    expect(turns[0]?.prompt.text).not.toContain("gone");
  });

  test("without instructions is the task alone", async () => {
    await work();
    expect(said()).toEqual([["# Task: Task a", undefined]]);
  });

  test("of a failed check is the feedback, in the same session", async () => {
    sessionId = "s";
    await work({ feedback: "Mend it.", workspace: { ...place, isRemade: true } });
    expect(turns[0]?.prompt).toEqual({ text: "Mend it.", sessionId: "s" });
    expect(journal).toEqual([{ type: "log", level: "warn", message: "The check failed, and Goose was told: Mend it." }]);
  });

  test("of a failed check whose session is not known begins anew", async () => {
    await work({ feedback: "Mend it." });
    expect(said()).toEqual([["# Task: Task a", undefined]]);
  });

  test("of an interrupted attempt goes on in its session, without the task", async () => {
    sessionId = "s";
    await work({ continues: { sessionId: "s" } });
    expect(said()).toEqual([[expect.stringMatching(/^You were interrupted/), "s"]]);
    expect(turns[0]?.prompt.text).not.toContain("made anew");
    expect(journal).toEqual([]);
  });

  test("says that what was not committed is lost where the worktree was made anew, and so does the journal", async () => {
    sessionId = "s";
    await work({ continues: { sessionId: "s" }, workspace: { ...place, isRemade: true } });
    expect(turns[0]?.prompt.text).toMatch(/made anew: changes that were not committed are lost, and so are commits that git log does not show\./);
    expect(journal).toMatchObject([{ type: "log", level: "warn" }]);
  });

  test.each([
    ["an interrupted attempt without a session", { continues: {} }],
    ["an attempt behind an earlier one", { workspace: { ...place, startSha: "later" } }],
  ])("of %s hands the work over, with the newest of the story", async (_what, options) => {
    if (!("continues" in options)) sessionId = "s";
    story = [
      { type: "message", role: "agent", messageId: "m", text: "Half of it.", seq: 1, attempt: 1, at: 1, taskId: newTask("a").id } as unknown as TaskEvent,
    ];
    await work(options);
    expect(turns[0]?.prompt.sessionId).toBeUndefined();
    expect(turns[0]?.prompt.text).toMatch(/# Task: Task a[^]*An earlier attempt[^]*Half of it\./);
    expect(queries).toEqual([{ beforeSeq: Number.MAX_SAFE_INTEGER, limit: 400 }]);
  });
});

describe("a session that is lost", () => {
  const gone = new TaskMasterError("GOOSE_SESSION_LOST", "gone");

  test("is followed by a fresh one that takes the work over", async () => {
    sessionId = "s";
    onTurn = ({ prompt, ended }) => (prompt.sessionId === undefined ? ended.resolve(answer) : ended.reject(gone));
    expect(await work({ continues: { sessionId: "s" } })).toEqual(answer);
    expect(turns[1]?.prompt.text).toContain("An earlier attempt");
  });

  test("is an error where there was none to be continued; so is any other failure", async () => {
    onTurn = ({ ended }) => ended.reject(gone);
    await expect(work()).rejects.toBe(gone);
    expect(turns).toHaveLength(1);
    sessionId = "s";
    const network = new TaskMasterError("GOOSE_NETWORK", "no network");
    onTurn = ({ ended }) => ended.reject(network);
    await expect(work({ continues: { sessionId: "s" } })).rejects.toBe(network);
    expect(turns).toHaveLength(2);
  });
});

describe("a turn", () => {
  const begun = async (): Promise<Turn> => {
    for (let tick = 0; turns.length === 0 && tick < 100; tick++) await new Promise((resolve) => setImmediate(resolve));
    return turns[0] as Turn;
  };

  test("is heard of while it lasts, and not any more when it has ended", async () => {
    await work();
    expect(heardTurns).toEqual([expect.objectContaining({ result: expect.any(Promise) as unknown }), undefined]);
    onTurn = ({ ended }) => ended.reject(new Error("broken"));
    await expect(work()).rejects.toThrow("broken");
    expect(heardTurns.at(-1)).toBeUndefined();
    expect(heardTurns).toHaveLength(4);
  });

  test("does not begin while the task is paused, and is paused when that came as it began", async () => {
    const gate = new Gate();
    gate.close();
    const working = work({ gate });
    await new Promise((resolve) => setImmediate(resolve));
    expect(turns).toEqual([]);
    onTurn = () => gate.close();
    gate.open();
    const turn = await begun();
    await new Promise((resolve) => setImmediate(resolve));
    expect(turn.steered).toEqual(["pause"]);
    turn.ended.resolve(answer);
    expect(await working).toEqual(answer);
  });

  test("that nobody paused is not paused", async () => {
    await work({ gate: new Gate() });
    expect(turns[0]?.steered).toEqual([]);
  });

  test("does not begin when the run was ended before", async () => {
    controller.abort(new RunEnd("stop", "Stopped."));
    await expect(work()).rejects.toMatchObject({ message: "Stopped." });
    expect(turns).toEqual([]);
  });

  test("is cancelled with the reason for which the run ends, also when that comes as it begins", async () => {
    onTurn = () => undefined;
    const working = work();
    const turn = await begun();
    controller.abort(new RunEnd("stop", "Stopped."));
    await expect(working).rejects.toMatchObject({ code: "CANCELLED" });
    expect(turn.steered).toEqual(["cancel: Stopped."]);
    turns = [];
    controller = new AbortController();
    onTurn = () => controller.abort(new RunEnd("cancel", "Cancelled."));
    await expect(work()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(turns[0]?.steered).toEqual(["cancel: Cancelled."]);
  });

  test("that is over hears nothing of a later end", async () => {
    await work();
    controller.abort(new RunEnd("stop", "Stopped."));
    expect(turns[0]?.steered).toEqual([]);
  });

  test("whose lease is lost ends, and says so", async () => {
    held = () => Promise.resolve(false);
    onTurn = ({ observer }) => observer.onEvents?.([{ type: "log", level: "info", message: "x" }]);
    await expect(work()).rejects.toMatchObject({ intent: "lease_lost" });
    expect(lost).toMatchObject([{ intent: "lease_lost" }]);
    expect(turns[0]?.steered).toHaveLength(1);
  });

  test("whose journal cannot be written ends and keeps its place", async () => {
    held = () => Promise.reject(new Error("no space"));
    onTurn = ({ observer }) => observer.onEvents?.([{ type: "log", level: "info", message: "x" }]);
    await expect(work()).rejects.toMatchObject({ intent: "shutdown", message: expect.stringContaining("no space") as string });
    expect(lost).toMatchObject([{ intent: "shutdown" }]);
  });

  test("tells what it says, and is let do what can be kept in the worktree", async () => {
    const outcomes: unknown[] = [];
    const request = (toolName: string) => ({ toolCallId: "t", toolName, title: toolName, input: { command: "ls" } });
    onTurn = ({ observer, ended }) => {
      observer.onEvents?.([{ type: "message", role: "agent", messageId: "m", text: "hello" }]);
      const decisions = ["shell", "platform__delegate", "delegate"].map((name) => Promise.resolve(observer.onPermission?.(request(name))));
      void Promise.all(decisions).then((decided) => {
        outcomes.push(...decided);
        ended.resolve(answer);
      });
    };
    await work();
    expect(outcomes).toEqual(["allow_once", "reject_once", "reject_once"]);
    expect(journal).toMatchObject([
      { type: "message", text: "hello" },
      { type: "log", level: "info" },
      { type: "log", level: "info" },
    ]);
    const context = { mode: "autonomous", grants: [], worktree: "/w" } as const;
    expect(["delegates", "my_delegate", "delegate__x"].map((name) => decidePermission(request(name), context).kind)).toEqual(["allow", "allow", "allow"]);
  });
});
