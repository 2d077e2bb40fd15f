import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import { localTime } from "../../../src/terminal/taskText.ts";
import { FakeEngine } from "./fakeEngine.ts";
import { runCli } from "./runCli.ts";

const id = "aaaaaaaa" as TaskId;
const until = Date.UTC(2026, 0, 15, 14);

function stopped(code: ErrorCode, isCertain = true): QueueStatus {
  return { stop: { at: until, isCertain, failures: [{ taskId: id, title: "Fix\u001b[31m it", code, message: "Put it right.", at: until }] }, limits: [] };
}
const limited: QueueStatus = { limits: [{ agent: "", until, reason: "Slow down.", isTrying: false }] };

function engineWith(queue: QueueStatus): FakeEngine {
  const engine = new FakeEngine();
  engine.queue = queue;
  return engine;
}

describe("a queue that has stopped", () => {
  test("is told by list, with why and how to go on", async () => {
    const { stdout, exitCode } = await runCli(["list"], { engine: engineWith(stopped("GOOSE_AUTHENTICATION")) });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The queue has stopped, because every task would fail the same way. "Fix it": Put it right.\n');
    expect(stdout).not.toContain("GOOSE_AUTHENTICATION");
    expect(stdout).toContain("task-master-goose resume --queue");
    const { records } = await runCli(["list", "--json"], { engine: engineWith(stopped("GOOSE_AUTHENTICATION")) });
    expect(records).toMatchObject([{ type: "queue", stopped: { failures: [{ code: "GOOSE_AUTHENTICATION" }] }, limits: [] }]);
  });

  test.each([
    ["GOOSE_NOT_FOUND", 3],
    ["GOOSE_AUTHENTICATION", 1],
  ] as const)("by %s ends run --all with exit code %d and says why", async (code, exitCode) => {
    const run = await runCli(["run", "--all"], { engine: engineWith(stopped(code)) });
    expect(run).toMatchObject({ exitCode, stdout: expect.stringContaining("Put it right.") });
  });

  test("is told by the number of failures", async () => {
    const { stdout } = await runCli(["list"], { engine: engineWith(stopped("GOOSE_REFUSED", false)) });
    expect(stdout).toContain("after 1 failed attempt.");
  });

  test("goes on with resume --queue", async () => {
    const engine = engineWith(stopped("GOOSE_NOT_FOUND"));
    expect(await runCli(["resume", "--queue"], { engine })).toMatchObject({ exitCode: 0, stdout: "The queue may start tasks again.\n" });
    expect(engine.calls).toEqual(["resumeQueue"]);
    expect(await runCli(["resume", "--queue", "a"], { engine })).toMatchObject({ exitCode: 2 });
    expect(await runCli(["resume"], { engine })).toMatchObject({ exitCode: 2 });
  });
});

describe("an agent at its limit", () => {
  test("is told by list and by a run that finds nothing else, with the time; that is no failure", async () => {
    for (const argv of [["list"], ["run"], ["run", "--all"]]) {
      const { stdout, exitCode } = await runCli(argv, { engine: engineWith(limited) });
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`Goose waits for a usage limit until ${localTime(until)}. Slow down.`);
    }
  });

  test("is told once while tasks run", async () => {
    const engine = new FakeEngine();
    engine.add({ id });
    engine.work = (task) => {
      for (let i = 0; i < 3; i++) engine.queueChanges.fire(limited);
      engine.queueChanges.fire({ limits: [{ agent: "careful", until, reason: "", isTrying: true }] });
      engine.finish(task);
      return Promise.resolve();
    };
    const { stderr } = await runCli(["run"], { engine });
    expect(stderr.match(/Goose waits/g)).toHaveLength(1);
    expect(stderr).toContain('The agent "careful" may work again');
  });

  test("gives its tasks a time in the list", async () => {
    const engine = engineWith(limited);
    engine.add({ id, notBefore: Date.now() + 60_000 });
    expect((await runCli(["list"], { engine })).stdout).toContain("not before ");
  });
});
