import { describe, expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import { FakeEngine } from "./fakeEngine.ts";
import { runCli } from "./runCli.ts";

const [idA, idB, idC] = ["aaaaaaaa", "bbbbbbbb", "cccccccc"] as unknown as [TaskId, TaskId, TaskId];

/** a has failed, b is ready, c waits for both and for one that is gone. */
function queue(): FakeEngine {
  const engine = new FakeEngine();
  engine.add({ id: idA, title: "Add login", status: "failed" });
  engine.add({ id: idB, title: "Add tests" });
  engine.add({ id: idC, title: "Ship it", status: "blocked", dependsOn: [idA, idB, "zzzzzzzz" as TaskId], branch: "tm/3" });
  return engine;
}

describe("depends", () => {
  test("adds and drops by unique beginnings of ids, and tells how the task stands", async () => {
    const engine = queue();
    const run = await runCli(["depends", "ccc", "--drop", "aa", "--drop", "bb", "--on", "b"], { engine });
    expect(run).toMatchObject({ exitCode: 0, stdout: "cccccccc Ship it: blocked\n" });
    expect(engine.calls).toEqual([`add [${idB}] drop [${idA},${idB}] ${idC}`]);
    expect((await runCli(["depends", "ccc", "--on", "b", "--json"], { engine })).records).toMatchObject([{ type: "task", id: idC }]);
  });

  test("drops also what is not there any more", async () => {
    const engine = queue();
    expect(await runCli(["depends", "c", "--drop", "zzz"], { engine })).toMatchObject({ exitCode: 0 });
    expect(engine.calls).toEqual([`add [] drop [zzzzzzzz] ${idC}`]);
  });

  test.each([
    [["depends", "q", "--on", "a"], "TASK_NOT_FOUND"],
    [["depends", "c", "--on", "zzzzzzzz"], "TASK_NOT_FOUND"],
    [["depends", "c", "--drop", "q"], "TASK_NOT_FOUND"],
    [["depends", "c"], "INVALID_INPUT"],
    [["depends", "--on", "a"], "INVALID_INPUT"],
    [["depends", "c", "--on", ""], "INVALID_INPUT"],
    [["add", "x", "--on", "a"], "INVALID_INPUT"],
    [["add", "x", "--depends", "zzzzzzzz"], "TASK_NOT_FOUND"],
  ])("%j ends with 2 and %s, and changes nothing", async (argv, code) => {
    const engine = queue();
    expect(await runCli([...argv, "--json"], { engine })).toMatchObject({ exitCode: 2, records: [{ type: "error", code }] });
    expect(engine.calls).toEqual([]);
  });

  test("a circle ends with 2 and names the way round", async () => {
    const engine = queue();
    engine.changeDependencies = () => Promise.reject(new TaskMasterError("DEPENDENCY_CYCLE", "a -> b -> a"));
    expect(await runCli(["depends", "b", "--on", "c"], { engine })).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("a -> b -> a") });
  });
});

describe("show", () => {
  test("tells why a task is blocked, with the way out, and what finishing one would unblock", async () => {
    const engine = queue();
    const { stdout } = await runCli(["show", "c"], { engine });
    expect(stdout).toMatch(/blocked by +aaaaaaaa Add login \(failed: retry it\)\n/);
    expect(stdout).toMatch(/depends on +aaaaaaaa, bbbbbbbb, a removed task \(zzzzzzzz\)\n/);
    expect(stdout).toMatch(/waits for +bbbbbbbb Add tests \(ready\)\n/);
    expect(stdout).toMatch(/blocked by +a removed task \(zzzzzzzz: drop the dependency\)\n/);
    engine.add({ id: "dddddddd" as TaskId, title: "Next\u001b[2J", status: "blocked", dependsOn: [idB] });
    const shown = (await runCli(["show", "b"], { engine })).stdout;
    expect(shown).toMatch(/unblocks +dddddddd Next\n/);
    expect(shown).not.toMatch(/blocked by|waits for|cccccccc/);
  });

  test("gives programs the same", async () => {
    const engine = queue();
    engine.add({ id: "dddddddd" as TaskId, status: "blocked", dependsOn: [idB] });
    expect((await runCli(["show", "c", "--json"], { engine })).records[0]).toMatchObject({
      blockers: [
        { id: idA, title: "Add login", status: "failed", reason: "failed", wayOut: "retry" },
        { id: idB, title: "Add tests", status: "todo", reason: "waiting", wayOut: null },
        { id: "zzzzzzzz", title: null, status: null, reason: "missing", wayOut: "drop" },
      ],
      unblocks: [],
    });
    expect((await runCli(["show", "b", "--json"], { engine })).records[0]).toMatchObject({ blockers: [], unblocks: ["dddddddd"] });
  });

  test("list names what a task waits for and what will not come", async () => {
    expect((await runCli(["list"], { engine: queue() })).stdout).toContain("(waits for aaaaaaaa (failed), bbbbbbbb, a removed task (zzzzzzzz); tm/3)");
  });
});

describe("remove", () => {
  test("tells what stays and who depended on it", async () => {
    const engine = queue();
    const run = await runCli(["remove", "aaa"], { engine });
    expect(engine.calls).toEqual([`remove ${idA}`]);
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: "Removed aaaaaaaa Add login\ncccccccc depends on it and stays blocked: task-master-goose depends cccccccc --drop aaaaaaaa\n",
    });
    expect((await runCli(["remove", "c", "--json"], { engine })).records).toEqual([
      { v: 1, type: "removed", seq: 1, id: idC, title: "Ship it", branch: "tm/3", blocked: [] },
    ]);
  });

  test("of a running task ends with 1, of an unknown one with 2", async () => {
    const engine = queue();
    engine.remove = () => Promise.reject(new TaskMasterError("ILLEGAL_TRANSITION", "It is running."));
    expect(await runCli(["remove", "b"], { engine })).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await runCli(["remove", "q"], { engine })).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("ends logs -f with the last entry, and run --all counts what is still there", async () => {
    const engine = queue();
    engine.publish(idB, { type: "started", owner: "other" }, { status: "in_progress" });
    const heard = Promise.withResolvers<void>();
    const events = engine.events.bind(engine);
    engine.events = (id, query) => {
      heard.resolve();
      return events(id, query);
    };
    const follow = runCli(["logs", "-f", "b"], { engine });
    await heard.promise;
    await engine.remove(idB);
    expect(await follow).toMatchObject({ exitCode: 0, stdout: "started: Add tests\nremoved\n" });

    const other = queue();
    other.runAll = async () => {
      await other.remove(idB);
      return [idB];
    };
    expect(await runCli(["run", "--all"], { engine: other })).toMatchObject({ exitCode: 0 });
  });
});
