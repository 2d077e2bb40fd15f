import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import { noUsage } from "../../../src/model/usage.ts";
import { largestInput } from "../../../src/terminal/readInput.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";
import { FakeEngine } from "./fakeEngine.ts";
import { runCli } from "./runCli.ts";

const idA = "aaaaaaaa" as TaskId;
const idB = "bbbbbbbb" as TaskId;

function engineWith(...ids: readonly TaskId[]): FakeEngine {
  const engine = new FakeEngine();
  for (const id of ids) engine.add({ id, title: `Task ${id}` });
  return engine;
}

describe("add", () => {
  test("queues the task and prints it", async () => {
    const engine = engineWith(idA);
    const run = await runCli(["add", "Fix it", "--depends", "aa", "--tag", "x", "--accept", "npm test", "--deadline", "2026-12-24T18:00Z", "--json"], {
      engine,
    });
    expect(run.exitCode).toBe(0);
    expect(run.records).toMatchObject([
      {
        v: 1,
        type: "task",
        seq: 1,
        title: "Fix it",
        status: "todo",
        priority: "medium",
        branch: null,
        deadline: "2026-12-24T18:00:00.000Z",
        dependsOn: [idA],
        tags: ["x"],
      },
    ]);
    expect(engine.calls[0]).toContain('"acceptance":{"commands":["npm test"]}');
    expect(engine.disposeCount).toBe(1);
  });

  test("reads the prompt from standard input, also when a character is cut in two", async () => {
    const engine = new FakeEngine();
    const bytes = Buffer.from("é\nmore\n");
    await runCli(["add", "T", "--prompt", "-"], { engine, input: [bytes.subarray(0, 1), bytes.subarray(1)] });
    expect(engine.calls).toEqual(['enqueue {"title":"T","prompt":"é\\nmore"}']);
  });

  test.each([
    ["too long", [Buffer.alloc(largestInput), "x"], /longer than 1 MB/],
    ["not UTF-8", [Buffer.from([0xff, 0xfe])], /not UTF-8/],
    ["empty", [" \n"], /empty/],
  ])("standard input that is %s", async (_name, input, message) => {
    const engine = new FakeEngine();
    const run = await runCli(["add", "T", "--prompt", "-"], { engine, input });
    expect(run).toMatchObject({ exitCode: 2, stdout: "" });
    expect(run.stderr).toMatch(message);
    expect(engine.calls).toEqual([]);
  });
});

describe("list and show", () => {
  test("an empty queue says what to do", async () => {
    expect((await runCli(["list"])).stdout).toMatch(/empty.*add/);
    expect(await runCli(["list", "--json"])).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("lines for people hold nothing that a terminal obeys", async () => {
    const engine = new FakeEngine();
    engine.add({ title: "Ev\u001b[2Jil\u202e", deadline: Date.UTC(2026, 1, 1), status: "blocked", dependsOn: [idB], branch: "tm/1" });
    const { stdout } = await runCli(["list"], { engine });
    expect(stdout).toMatch(/aaaaaaaa {2}blocked {6}medium {4}Evil<U\+202E> {2}\(due 2026-.*waits for a removed task \(bbbbbbbb\); tm\/1\)/);
    expect(stdout).not.toContain("\u001b");
  });

  test("colours only when asked for, and NO_COLOR wins over nothing but --color", async () => {
    const engine = engineWith(idA);
    const esc = "\u001b[";
    expect((await runCli(["list", "--color", "always"], { engine, env: { NO_COLOR: "1" } })).stdout).toContain(esc);
    expect((await runCli(["list"], { engine, env: { FORCE_COLOR: "1" } })).stdout).toContain(esc);
    expect((await runCli(["list"], { engine, env: { FORCE_COLOR: "1", NO_COLOR: "1" } })).stdout).not.toContain(esc);
    expect((await runCli(["list"], { engine })).stdout).not.toContain(esc);
  });

  test("list and show say of a task whose process is gone that it is", async () => {
    const engine = new FakeEngine();
    for (const [id, owner] of [
      [idA, "dead"],
      [idB, "alive"],
    ] as const) {
      engine.add({ id, status: "in_progress", lease: { owner, token: 1, expiresAt: 9e12 } });
    }
    expect((await runCli(["list"], { engine })).stdout.split("\n").filter((line) => line.includes("its process is gone"))).toMatchObject([
      expect.stringContaining(idA) as string,
    ]);
    expect((await runCli(["show", idA], { engine })).stdout).toMatch(/status +in progress, but its process is gone\n/);
    expect((await runCli(["show", idB], { engine })).stdout).toMatch(/status +in progress\n/);
  });

  test("show adds the attempts, their sum and the result", async () => {
    const engine = new FakeEngine();
    engine.add({ status: "done", result: { output: "Made it.", metrics: { startedAt: 1, endedAt: 3, durationMs: 2 }, artifacts: ["a.txt"] } });
    const attempt = {
      taskId: idA,
      token: 1,
      owner: "me",
      startedAt: 0,
      steps: ["prepared"],
      usage: { inputTokens: 10, outputTokens: 2, costUsd: 0.5 },
    } as const;
    engine.attemptRows.push({ ...attempt, number: 1, outcome: "failed", commits: [], errorCode: "TIMEOUT", reason: "too slow" });
    engine.attemptRows.push({ ...attempt, number: 2, outcome: "completed", commits: ["abc"], endedAt: 5, branch: "tm/1", worktree: "/w", sessionId: "s" });
    const { records } = await runCli(["show", "aaaa", "--json"], { engine });
    expect(records).toMatchObject([
      {
        type: "task",
        id: idA,
        attempts: [
          { number: 1, outcome: "failed", endedAt: null, errorCode: "TIMEOUT", reason: "too slow" },
          { number: 2, endedAt: "1970-01-01T00:00:00.005Z", branch: "tm/1", worktree: "/w", sessionId: "s", commits: ["abc"], steps: ["prepared"] },
        ],
        usage: { inputTokens: 20, outputTokens: 4, costUsd: 1 },
        commits: ["abc"],
        result: { output: "Made it.", error: null, artifacts: ["a.txt"], metrics: { durationMs: 2 } },
      },
    ]);
    const { stdout } = await runCli(["show", idA], { engine });
    expect(stdout).toMatch(/attempt 1 .*failed.*, too slow$/m);
    expect(stdout).not.toContain("TIMEOUT");
    expect(stdout).toMatch(/tokens +20 in, 4 out, \$1\.0000/);
    expect(stdout).toContain("Made it.");
  });

  test("show names a worktree only while it is there", async () => {
    using folder = createTempDir();
    const engine = engineWith(idA);
    const attempt = { taskId: idA, token: 1, owner: "me", startedAt: 0, steps: [], usage: noUsage, commits: [] } as const;
    engine.attemptRows.push({ ...attempt, number: 1, outcome: "failed", worktree: `${folder.dir}/gone`, branch: "tm/1" });
    engine.attemptRows.push({ ...attempt, number: 2, outcome: "running", worktree: folder.dir, branch: "tm/2" });
    const { stdout } = await runCli(["show", idA], { engine });
    expect(stdout.match(/worktree .*/g)).toEqual([`worktree ${folder.dir}`]);
    expect(stdout).toContain("branch tm/1");
    const { records } = await runCli(["show", idA, "--json"], { engine });
    expect(records[0]).toMatchObject({ attempts: [{ worktree: `${folder.dir}/gone` }, { worktree: folder.dir }] });
  });

  test.each([
    ["show", "zzz", "TASK_NOT_FOUND"],
    ["pause", "", "INVALID_INPUT"],
    ["logs", "zzz", "TASK_NOT_FOUND"],
  ])("%s %j ends with 2 and %s", async (verb, id, code) => {
    expect(await runCli([verb, id, "--json"])).toMatchObject({ exitCode: 2, records: [{ v: 1, type: "error", seq: 1, code }] });
  });
});

describe("the other verbs", () => {
  test.each(["pause", "stop", "cancel", "start", "retry"])("%s asks the engine and tells the state", async (verb) => {
    const engine = engineWith(idA);
    const run = await runCli([verb, "aaa"], { engine });
    expect(engine.calls).toEqual([`${verb === "start" ? "startAgain" : verb} ${idA}`]);
    expect(run).toMatchObject({ exitCode: 0, stdout: `aaaaaaaa Task aaaaaaaa: todo\n` });
  });

  test("a request to another process is told as one", async () => {
    const engine = new FakeEngine();
    engine.add({ status: "in_progress", request: "pause" });
    expect((await runCli(["pause", "aaa"], { engine })).stdout).toMatch(/in progress; the process that runs it was asked to pause/);
  });

  test("an illegal transition ends with 1 and its reason", async () => {
    const engine = engineWith(idA);
    engine.pause = () => Promise.reject(new TaskMasterError("ILLEGAL_TRANSITION", "A task that is todo cannot be paused."));
    expect(await runCli(["pause", "aaa"], { engine })).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("cannot be paused") });
  });

  test("an error is told in words; its code is for programs, and for those who want more", async () => {
    const words = "error: No task zzzz.\ntask-master-goose list shows the tasks with their ids.\n";
    expect(await runCli(["show", "zzzz"])).toMatchObject({ exitCode: 2, stderr: words });
    expect((await runCli(["show", "zzzz", "-v"])).stderr).toContain("error: No task zzzz. (TASK_NOT_FOUND)\n");
    expect((await runCli(["show", "zzzz", "--json"])).records).toMatchObject([{ code: "TASK_NOT_FOUND" }]);
    const engine = new FakeEngine();
    const metrics = { startedAt: 1, endedAt: 3, durationMs: 2 };
    engine.add({ status: "failed", result: { output: "", error: { code: "GOOSE_NETWORK", message: "It is offline." }, metrics, artifacts: [] } });
    expect((await runCli(["show", idA], { engine })).stdout).toMatch(/error +It is offline\.$/m);
  });

  test("doctor reports each check and ends with 3 when one fails", async () => {
    const good = { name: "git", ok: true, detail: "2.50" } as const;
    const bad = { name: "goose", ok: false, detail: "not found", fix: "Install it." } as const;
    expect(await runCli(["doctor"], { checks: [good] })).toMatchObject({ exitCode: 0, stdout: "ok   git        2.50\n" });
    const run = await runCli(["doctor", "--json"], { checks: [good, bad] });
    expect(run).toMatchObject({
      exitCode: 3,
      records: [
        { type: "check", fix: null },
        { name: "goose", ok: false, fix: "Install it." },
      ],
    });
    const openError = new TaskMasterError("STORE_CORRUPT", "broken");
    expect(await runCli(["doctor"], { openError })).toMatchObject({ exitCode: 3, stdout: expect.stringMatching(/FAIL queue +broken$/m) });
    expect(await runCli(["doctor", "--json"], { openError })).toMatchObject({ records: [{ name: "queue", ok: false, code: "STORE_CORRUPT" }] });
  });

  test("a queue that cannot be opened ends with 3", async () => {
    const openError = new TaskMasterError("STORE_TOO_NEW", "Made by a newer version.");
    expect(await runCli(["list", "--json"], { openError })).toMatchObject({ exitCode: 3, records: [{ code: "STORE_TOO_NEW" }] });
  });

  test("warnings go to stderr, help and version to stdout", async () => {
    const warnings = [new TaskMasterError("REGISTRY_STALE", "The registry was stale.")];
    expect(await runCli(["list", "--json"], { warnings })).toMatchObject({ stdout: "", stderr: "warning: The registry was stale.\n" });
    expect(await runCli(["--version"])).toMatchObject({ exitCode: 0, stdout: "1.2.3\n" });
    expect(await runCli(["help"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Usage:") });
    expect(await runCli(["frob"])).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("--help") });
  });

  test.each([["help"], ["--help"], ["list", "--help"]])("%s %s with --json is one record", async (...words) => {
    const { stdout, records, exitCode } = await runCli([...words, "--json"]);
    expect(records).toEqual([{ v: 1, type: "help", seq: 1, text: expect.stringContaining("Usage:") }]);
    expect([stdout.trimEnd().split("\n").length, exitCode]).toEqual([1, 0]);
  });
});

describe("logs", () => {
  test("prints the whole journal, also over several pages", async () => {
    const engine = engineWith(idA);
    for (let i = 0; i < 1_001; i++) engine.publish(idA, { type: "log", level: "info", message: `m${i}` });
    const { records } = await runCli(["logs", "aaa", "--json"], { engine });
    expect(records).toHaveLength(1_001);
    expect(records.at(-1)).toMatchObject({
      type: "event",
      seq: 1_001,
      taskId: idA,
      event: { type: "log", seq: 1_001, message: "m1000", at: "1970-01-01T00:00:05.000Z" },
    });
  });

  test("-f follows until the task ends", async () => {
    const engine = engineWith(idA);
    engine.publish(idA, { type: "started", owner: "other" }, { status: "in_progress" });
    const heard = new Promise<void>((resolve) => {
      const events = engine.events.bind(engine);
      // The follower has read what there was: now the task goes on.
      engine.events = (id, query) => {
        resolve();
        return events(id, query);
      };
    });
    const run = runCli(["logs", "-f", "aaa"], { engine });
    await heard;
    engine.publish(idA, { type: "message", role: "agent", messageId: "1", text: "Hel" });
    engine.publish(idA, { type: "message", role: "agent", messageId: "1", text: "lo" });
    engine.finish(idA);
    expect(await run).toMatchObject({ exitCode: 0, stdout: "started: Task aaaaaaaa\nHello\ndone: All done.\n" });
  });

  test("Ctrl-C ends -f with 130", async () => {
    const engine = engineWith(idA);
    const signals = new EventEmitter();
    engine.events = () => {
      queueMicrotask(() => signals.emit("SIGINT", "SIGINT"));
      return Promise.resolve([]);
    };
    expect(await runCli(["logs", "-f", "aaa"], { engine, signals })).toMatchObject({ exitCode: 130 });
    expect(engine.disposeCount).toBe(1);
  });
});

describe("a queue with trouble", () => {
  const lost = new TaskMasterError("STORE_FAILED", "The queue was removed while it was open.");

  test("what was recovered is told, and the verb goes on", async () => {
    const warnings = [new TaskMasterError("STORE_RECOVERED", "The queue is damaged. It was kept as queue.db.damaged-1.")];
    const run = await runCli(["list", "--json"], { engine: engineWith(idA), warnings });
    expect(run).toMatchObject({ exitCode: 0, stderr: "warning: The queue is damaged. It was kept as queue.db.damaged-1.\n", records: [{ id: idA }] });
  });

  test("a follower of a queue that is lost ends with the error instead of waiting for ever", async () => {
    const engine = engineWith(idA);
    const trouble = new Emitter<TaskMasterError>();
    const events = engine.events.bind(engine);
    engine.events = (...args) => {
      setImmediate(() => trouble.fire(lost));
      return events(...args);
    };
    const run = await runCli(["logs", idA, "-f"], { engine, trouble });
    expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/^error: The queue was removed[^(]*$/) });
    expect(engine.disposeCount).toBe(1);
  });

  test("a run on a queue that is lost ends its tasks and says why", async () => {
    const engine = engineWith(idA);
    const trouble = new Emitter<TaskMasterError>();
    const closed = Promise.withResolvers<void>();
    engine.work = async () => {
      trouble.fire(lost);
      await closed.promise;
    };
    const run = await runCli(["run", "--json"], { engine, trouble, onDispose: closed.resolve });
    expect(run.exitCode).toBe(3);
    expect(run.records.at(-1)).toMatchObject({ type: "error", code: "STORE_FAILED" });
  });

  test("damage that was found meanwhile is a warning", async () => {
    const engine = engineWith(idA);
    const trouble = new Emitter<TaskMasterError>();
    engine.work = (id) => {
      trouble.fire(new TaskMasterError("STORE_CORRUPT", "The queue is damaged (page 7)."));
      return Promise.resolve(engine.finish(id));
    };
    expect(await runCli(["run"], { engine, trouble })).toMatchObject({ exitCode: 0, stderr: "warning: The queue is damaged (page 7).\n" });
  });
});

describe("say", () => {
  test("hands the words on; a task that has ended is back in the queue, and how it goes on is told", async () => {
    const engine = engineWith(idA);
    expect((await runCli(["say", "aa", "Use tabs."], { engine })).exitCode).toBe(0);
    engine.finish(idA);
    const run = await runCli(["say", "aa", "-"], { engine, input: ["Use blue,\n", "please.\n"] });
    expect(engine.calls).toEqual([`say "Use tabs." ${idA}`, `say "Use blue,\\nplease." ${idA}`]);
    expect(run.stdout).toContain("todo");
    expect(run.stderr).toContain(`run ${idA}`);
  });

  test.each([[["say"]], [["say", "aa"]], [["say", "aa", "Use", "tabs"]], [["say", "aa", " "]]])("%j is no command", async (argv) => {
    expect((await runCli(argv, { engine: engineWith(idA) })).exitCode).toBe(2);
  });
});
