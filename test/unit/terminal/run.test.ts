import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import { FakeEngine } from "./fakeEngine.ts";
import { runCli } from "./runCli.ts";

const idA = "aaaaaaaa" as TaskId;
const idB = "bbbbbbbb" as TaskId;

function engineWith(...ids: readonly TaskId[]): FakeEngine {
  const engine = new FakeEngine();
  for (const id of ids) engine.add({ id, title: `Task ${id}` });
  return engine;
}

test("nothing to do is no failure", async () => {
  expect(await runCli(["run"])).toMatchObject({ exitCode: 0, stdout: "The queue is empty.\n" });
  const { records } = await runCli(["run", "--all", "--json"]);
  expect(records).toEqual([{ v: 1, type: "summary", seq: 1, ran: [], done: 0, failed: 0 }]);
});

test("the next task is shown while it runs, then the summary", async () => {
  const engine = engineWith(idA, idB);
  engine.work = async (id) => {
    engine.publish(id, { type: "progress_update", progress: { percent: 5, message: "starting" } });
    engine.publish(id, { type: "message", role: "agent", messageId: "1", text: "I will\u001b]0;x\u0007 look.\n" });
    engine.publish(id, { type: "tool_call", call: { toolCallId: "t", toolName: "shell", status: "pending" } });
    engine.publish(id, { type: "tool_call", call: { toolCallId: "t", input: { command: "npm test" }, status: "in_progress" } });
    engine.publish(id, { type: "tool_call", call: { toolCallId: "t", outputDelta: "1 failed\n" } });
    engine.publish(id, { type: "tool_call", call: { toolCallId: "t", status: "completed", exitCode: 1 } });
    engine.publish(id, { type: "progress_update", progress: { percent: 50, message: "shell: npm test" } });
    engine.publish(id, { type: "checkpoint", step: "agent_finished" });
    engine.publish(id, { type: "progress_update", progress: { percent: 92, message: "checking" } });
    engine.publish(id, { type: "progress_update", progress: { percent: 92, message: "checking" } });
    engine.finish(id);
  };
  expect(await runCli(["run"], { engine })).toMatchObject({
    exitCode: 0,
    stdout: `started: Task aaaaaaaa
progress: 5 % starting
I will look.
tool: shell npm test
  shell completed, exit code 1
    1 failed
progress: 92 % checking
done: All done.

done        aaaaaaaa Task aaaaaaaa  branch tm/aaaaaaaa
`,
  });
  expect(engine.tasks.get(idB)?.status).toBe("todo");
});

test("--json streams every event of the run and ends with the summary", async () => {
  const engine = engineWith(idA);
  const { records } = await runCli(["run", "--json"], { engine });
  expect(records).toMatchObject([
    { v: 1, type: "event", seq: 1, taskId: idA, event: { type: "started", seq: 1 } },
    { v: 1, type: "event", seq: 2, taskId: idA, event: { type: "completed" } },
    { v: 1, type: "summary", seq: 3, ran: [{ id: idA, status: "done", branch: "tm/aaaaaaaa" }], done: 1, failed: 0 },
  ]);
});

test("--all runs everything, each line with its task, and what other processes do is not shown", async () => {
  const engine = engineWith(idA, idB);
  const elsewhere = engine.add({ id: "cccccccc" as TaskId, status: "in_progress" });
  engine.work = async (id) => {
    engine.publish(elsewhere.id, { type: "started", owner: "other" });
    engine.publish(elsewhere.id, { type: "message", role: "agent", messageId: "1", text: "elsewhere\n" });
    engine.finish(id);
  };
  const { exitCode, stdout } = await runCli(["run", "--all"], { engine });
  expect(exitCode).toBe(0);
  expect(stdout).toContain("aaaaaaaa | started: Task aaaaaaaa\naaaaaaaa | done: All done.\nbbbbbbbb | started");
  expect(stdout).not.toMatch(/elsewhere|cccccccc/);
});

test("named tasks run in the order given; all names are checked first", async () => {
  const engine = engineWith(idA, idB);
  expect(await runCli(["run", "bb", "zz"], { engine })).toMatchObject({ exitCode: 2 });
  expect(engine.calls).toEqual([]);
  expect(await runCli(["run", "bb", "aa"], { engine })).toMatchObject({ exitCode: 0 });
  expect(engine.calls).toEqual([`run ${idB}`, `run ${idA}`]);
});

test("a named task that cannot run is told; the others run", async () => {
  const engine = engineWith(idA, idB);
  engine.finish(idA);
  const run = await runCli(["run", "aa", "bb", "--json"], { engine });
  expect(run.exitCode).toBe(1);
  expect(run.records).toContainEqual(expect.objectContaining({ type: "error", code: "ILLEGAL_TRANSITION" }));
  expect(run.records.at(-1)).toMatchObject({ type: "summary", done: 1, failed: 1 });
  expect(await runCli(["run", "aa"], { engine })).toMatchObject({ exitCode: 1, stdout: "" });
});

describe("the exit code of failures", () => {
  test.each<[readonly ErrorCode[], number]>([
    [["GOOSE_AUTHENTICATION"], 1],
    [["GOOSE_NOT_FOUND"], 3],
    [["NO_IDENTITY", "GOOSE_NOT_CONFIGURED"], 3],
    [["GOOSE_NOT_FOUND", "TIMEOUT"], 1],
  ])("%j: %i", async (codes, exitCode) => {
    const engine = engineWith(...[idA, idB].slice(0, codes.length));
    const left = [...codes];
    engine.work = async (id) => engine.fail(id, left.shift() ?? "INTERNAL");
    const run = await runCli(["run", "--all", "--json"], { engine });
    expect(run.exitCode).toBe(exitCode);
    expect(run.records.at(-1)).toMatchObject({ done: 0, failed: codes.length, ran: codes.map((errorCode) => ({ status: "failed", errorCode })) });
  });

  test("a task that waits for its next try did not end done", async () => {
    const engine = engineWith(idA);
    engine.work = async (id) =>
      engine.publish(id, { type: "error", code: "GOOSE_NETWORK", message: "refused", willRetryAt: 9e12 }, { status: "todo", notBefore: 9e12 });
    expect(await runCli(["run"], { engine })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/failed: refused \(can be tried again at/),
    });
  });
});

describe("a signal", () => {
  test.each<[NodeJS.Signals, number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("%s lets running tasks keep their place and ends with %i", async (signal, exitCode) => {
    const engine = engineWith(idA);
    const signals = new EventEmitter();
    engine.work = () => {
      signals.emit(signal, signal);
      return new Promise(() => undefined);
    };
    const onDispose = (): void => engine.publish(idA, { type: "paused", reason: "shutdown" }, { status: "paused" });
    const run = await runCli(["run", "--all", "--json"], { engine, signals, onDispose });
    expect(run.exitCode).toBe(exitCode);
    expect(run.records.at(-1)).toMatchObject({ type: "summary", ran: [{ id: idA, status: "paused" }] });
    expect(run.stderr).toMatch(/keep their place/);
    expect(engine.disposeCount).toBe(1);
  });

  test.each([["run"], ["run", "--json"], ["resume", "aa"]])(
    "nobody reads stdout any more: tasks keep their place, which stderr tells: %s %s",
    async (...argv) => {
      const engine = engineWith(idA);
      if (argv[0] === "resume") engine.publish(idA, { type: "paused", reason: "user" }, { status: "paused" });
      const closed = new AbortController();
      engine.work = () => {
        closed.abort();
        return new Promise(() => undefined);
      };
      const onDispose = (): void => engine.publish(idA, { type: "paused", reason: "shutdown" }, { status: "paused" });
      const run = await runCli(argv, { engine, onDispose, host: { stdoutClosed: closed.signal } });
      expect(run.exitCode).toBe(1);
      expect(run.stderr).toMatch(/^[^\n]*reader[^\n]*aaaaaaaa is paused[^\n]*resume aaaaaaaa[^\n]*\n$/);
      expect(engine.disposeCount).toBe(1);
    },
  );

  test("nobody reads stdout any more, but everything is done: nothing to tell", async () => {
    const engine = engineWith(idA);
    const closed = new AbortController();
    engine.work = async (id) => {
      engine.finish(id);
      closed.abort();
    };
    expect(await runCli(["run"], { engine, host: { stdoutClosed: closed.signal } })).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("resume", () => {
  test("follows a run that goes on here", async () => {
    const engine = engineWith(idA);
    engine.publish(idA, { type: "paused", reason: "user" }, { status: "paused" });
    const run = await runCli(["resume", "aa"], { engine });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toMatch(/^resumed: Task aaaaaaaa\ndone: All done\.\n\ndone /);
  });

  test("only tells the state when another process goes on with it", async () => {
    const engine = engineWith(idA);
    engine.resume = async (id) => engine.publish(id, { type: "requested", request: "resume" }, { status: "paused", request: "resume" });
    expect(await runCli(["resume", "aa"], { engine })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/paused; the process that runs it was asked to resume\n$/),
    });
  });
});
