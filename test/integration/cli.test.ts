/** The built terminal as a process of its own: against the store, and with the real Goose on a scripted model. */
import { chmodSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { waitFor, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { type ModelReply, type ModelServer, sequence, startModelServer } from "../helpers/modelServer.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";
import { buildCliPackage, Cli, type CliProcess, type CliResult } from "./cliPackage.ts";

let packageFolder: TempDir;
let server: ModelServer;
let repo: TempRepo;
let home: TempDir;
let cli: Cli;

const writeHello: readonly ModelReply[] = [
  { kind: "tools", calls: [{ name: "write", arguments: { path: "hello.txt", content: "Hello!\n" } }], text: "I write it." },
  { kind: "text", text: "hello.txt is written." },
];

beforeAll(async () => {
  [packageFolder, server] = await Promise.all([buildCliPackage(), startModelServer()]);
}, 60_000);

afterAll(async () => {
  await server.close();
  packageFolder.dispose();
});

beforeEach(() => {
  repo = createTempRepo();
  home = createTempDir("task-master-home-");
  cli = new Cli({ packageDir: packageFolder.dir, repo: repo.dir, home: home.dir, env: server.env });
  server.setScript(sequence(writeHello));
});

afterEach(async () => {
  await waitForNoProcesses(home.dir);
  repo.dispose();
  home.dispose();
});

describe("the queue", () => {
  test("add, list and show agree, and ids may be cut", async () => {
    const first = await cli.add("Create hello.txt", "--tag", "demo", "--priority", "high", "--deadline", "2030-01-02T03:04:05Z");
    const second = await cli.add("Answer it", "--depends", first.slice(0, 5), "--prompt", "Read hello.txt.", "--accept", "test -f response.txt");
    const { records } = await cli.run(["list", "--json"]);
    expect(records).toMatchObject([
      {
        v: 1,
        type: "task",
        seq: 1,
        id: first,
        title: "Create hello.txt",
        status: "todo",
        priority: "high",
        branch: null,
        deadline: "2030-01-02T03:04:05.000Z",
        dependsOn: [],
        tags: ["demo"],
      },
      { v: 1, type: "task", seq: 2, id: second, status: "blocked", priority: "medium", dependsOn: [first] },
    ]);
    expect(await cli.show(second.slice(0, 6))).toMatchObject({
      id: second,
      prompt: "Read hello.txt.",
      attempts: [],
      acceptance: { commands: ["test -f response.txt"] },
    });
    expect((await cli.run(["list"])).stdout).toMatch(new RegExp(`${first} +todo +high +Create hello.txt`));
    expect(repo.git("status", "--porcelain")).toBe("");
  });

  test("standard input gives the prompt", async () => {
    await cli.run(["add", "T", "--prompt", "-"], { input: "First line\nzażółć\n" });
    const { records } = await cli.run(["list", "--json"]);
    expect(await cli.show(records[0]?.id ?? "")).toMatchObject({ prompt: "First line\nzażółć" });
  });

  test.each([
    ["an unknown flag", ["list", "--frob"], /--frob/],
    ["an unknown verb", ["frob"], /frob/],
    ["an empty title", ["add", ""], /title/],
    ["a title that is too long", ["add", "x".repeat(100_000)], /title/i],
    ["a title of two lines", ["add", "a\nb"], /title/i],
    ["an unknown dependency", ["add", "x", "--depends", "zzzz"], /zzzz/],
    ["an unknown id", ["show", "zzzzzzzz"], /zzzzzzzz/],
  ])("%s ends with 2 and is named", async (_name, args, message) => {
    const result = await cli.run(args);
    expect(result).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringMatching(message) });
    expect((await cli.run([...args, "--json"])).records).toMatchObject([{ v: 1, type: "error", code: expect.stringMatching(/INVALID_INPUT|TASK_NOT_FOUND/) }]);
  });

  test.each([
    ["1 MB, which is more than a prompt may have", 1024 * 1024],
    ["more than 1 MB", 1024 * 1024 + 1],
    ["far more than 1 MB", 64 * 1024 * 1024],
  ])("standard input of %s ends with 2", async (_name, size) => {
    const result = await cli.run(["add", "T", "--prompt", "-", "--json"], { input: Buffer.alloc(size, "x") });
    expect(result).toMatchObject({ exitCode: 2, records: [{ type: "error", code: "INVALID_INPUT" }] });
    expect((await cli.run(["list", "--json"])).stdout).toBe("");
  });

  test("dependencies can be changed, a circle is refused, and a removed task leaves a note where it is missing", async () => {
    const [first, second] = [await cli.add("First"), await cli.add("Second")];
    expect(await cli.run(["depends", second, "--on", first, "--json"])).toMatchObject({ exitCode: 0, records: [{ status: "blocked", dependsOn: [first] }] });
    const looped = await cli.run(["depends", first, "--on", second, "--json"]);
    expect(looped).toMatchObject({
      exitCode: 2,
      records: [{ code: "DEPENDENCY_CYCLE", message: expect.stringContaining(`${first} "First" -> ${second} "Second" -> `) }],
    });
    expect(await cli.run(["run", second, "--json"])).toMatchObject({ exitCode: 1, records: [{ code: "ILLEGAL_TRANSITION" }] });
    expect(await cli.show(first)).toMatchObject({ blockers: [], unblocks: [second] });
    expect(await cli.run(["remove", first, "--json"])).toMatchObject({ exitCode: 0, records: [{ type: "removed", id: first, blocked: [second] }] });
    expect(await cli.show(second)).toMatchObject({ status: "blocked", blockers: [{ id: first, reason: "missing", wayOut: "drop" }] });
    expect(await cli.run(["depends", second, "--drop", first, "--json"])).toMatchObject({ exitCode: 0, records: [{ status: "todo", dependsOn: [] }] });
  });

  test("a transition that is not legal ends with 1, a folder that is not there with 3", async () => {
    const id = await cli.add("T");
    expect(await cli.run(["pause", id, "--json"])).toMatchObject({ exitCode: 1, records: [{ code: "ILLEGAL_TRANSITION" }] });
    expect(await cli.run(["cancel", id])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("cancelled") });
    expect(await cli.run(["retry", id, "--json"])).toMatchObject({ exitCode: 0, records: [{ type: "task", status: "todo" }] });
    expect(await cli.run(["list", "-C", "/no/such/folder", "--json"])).toMatchObject({ exitCode: 3, records: [{ code: "NO_FOLDER" }] });
  });

  test("a reader that goes away is no error", async () => {
    const titles = Array.from({ length: 20 }, (_, index) => `Task ${index} ${"x".repeat(180)}`);
    for (const title of titles) await cli.add(title);
    // More than a pipe holds, to a reader that takes one byte.
    const listing = `"${process.execPath}" "${cli.script}" list --json; echo "exit $?" >&2`;
    const { stdout, stderr } = await cli.shell(`( for i in 1 2 3 4 5 6 7 8; do ${listing}; done ) | head -c 1`);
    expect(stdout).toBe("{");
    expect(new Set(stderr.trim().split("\n"))).toEqual(new Set(["exit 0"]));
  });

  test.runIf(existsSync("/dev/full"))("output that cannot be written is an error, whatever the form", async () => {
    await cli.add("T");
    for (const line of ["list", "list --json", "help", "--version --json"]) {
      const result = await cli.shell(`"${process.execPath}" "${cli.script}" ${line} > /dev/full`);
      expect(result, line).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error: [^\n]*output[^\n]*ENOSPC[^\n]*\n$/) });
    }
  });

  test.runIf(process.platform === "linux")("a data directory that cannot be made is told", async () => {
    const result = await cli.run(["list", "--data-dir", "/proc/nope"], { timeoutMs: 5_000 });
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/^error: .*\/proc\/nope/) });
  });

  test("a Node without node:sqlite finds the one in the package, or says what is missing", async () => {
    const old = home.write("old-node", `#!/bin/sh\nexec "${process.execPath}" --no-experimental-sqlite "$@"\n`);
    chmodSync(old, 0o755);
    expect(await cli.run(["list", "--json"], { node: old })).toMatchObject({ exitCode: 3, records: [{ code: "SQLITE_MISSING" }] });
    const modules = path.join(packageFolder.dir, "node_modules");
    mkdirSync(path.join(modules, "node", "bin"), { recursive: true });
    packageFolder.write("node_modules/node/package.json", JSON.stringify({ version: process.versions.node }));
    symlinkSync(process.execPath, path.join(modules, "node", "bin", "node"));
    expect(await cli.run(["add", "T", "--json"], { node: old })).toMatchObject({ exitCode: 0, stderr: "", records: [{ title: "T" }] });
    expect(await cli.run(["show", "zzz"], { node: old })).toMatchObject({ exitCode: 2 });
  });
});

describe("with Goose", { timeout: 60_000 }, () => {
  test("run makes a commit on a branch and leaves the checkout alone", async () => {
    const id = await cli.add("Create hello.txt with a greeting");
    const result = await cli.run(["run", "--next", "--json"]);
    expectExit(result, 0);
    expect(result.records.at(-1)).toMatchObject({ type: "summary", ran: [{ id, status: "done" }], done: 1, failed: 0 });
    expect(result.records.map(({ seq }) => seq)).toEqual(result.records.map((_record, index) => index + 1));
    const kinds = result.records.map(({ event }) => (event as { type: string } | undefined)?.type);
    expect(kinds).toEqual(expect.arrayContaining(["started", "message", "tool_call", "completed"]));
    const task = await cli.show(id);
    expect(task).toMatchObject({ status: "done", attempts: [{ number: 1, outcome: "completed", errorCode: null }] });
    const { branch, commits } = task as unknown as { branch: string; commits: string[] };
    expect(repo.git("show", `${branch}:hello.txt`)).toBe("Hello!");
    expect(repo.git("rev-parse", branch)).toBe(commits.at(-1));
    expect(repo.git("status", "--porcelain")).toBe("");
    expect(existsSync(path.join(repo.dir, "hello.txt"))).toBe(false);
    expect(await cli.run(["run", "--all"])).toMatchObject({ exitCode: 0, stdout: "No task is ready: the only one is done.\n" });
    expect((await cli.run(["logs", id])).stdout).toMatch(/created[\s\S]*started[\s\S]*I write it\.[\s\S]*tool: write hello\.txt[\s\S]*done:/);
  });

  test.each<[string, ModelReply | undefined]>([
    ["a key that is refused", { kind: "status", status: 401 }],
    ["no server", undefined],
  ])("%s: not done, exit code 1", async (_name, reply) => {
    const id = await cli.add("Create hello.txt");
    if (reply !== undefined) server.setScript(() => reply);
    const env = reply === undefined ? { OPENAI_HOST: "http://127.0.0.1:9" } : {};
    const result = await cli.run(["run", "--json"], { env });
    expectExit(result, 1);
    expect(result.records.at(-1)).toMatchObject({ type: "summary", done: 0, failed: 1 });
    expect((await cli.show(id)).status).not.toBe("done");
  });

  test.each([
    ["no-goose", "GOOSE_NOT_FOUND"],
    ["/bin/true", "GOOSE_WRONG_PROGRAM"],
    ["/bin/cat", "GOOSE_WRONG_PROGRAM"],
    ["/usr/bin/yes", "GOOSE_WRONG_PROGRAM"],
  ])("%s as Goose: exit code 3, also from doctor", async (name, code) => {
    await cli.add("Create hello.txt");
    const goose = path.resolve(home.dir, name);
    const result = await cli.run(["run", "--json", "--goose", goose]);
    expectExit(result, 3);
    expect(result.records.at(-1)).toMatchObject({ ran: [{ errorCode: code }] });
    const doctor = await cli.run(["doctor", "--json", "--goose", goose]);
    expect(doctor.exitCode).toBe(3);
    expect(doctor.records).toContainEqual(expect.objectContaining({ type: "check", name: "goose", ok: false, code }));
  });

  test("doctor is content with a good set-up", async () => {
    const result = await cli.run(["doctor", "--json", "--goose", gooseBinary()]);
    expect(result.records.map(({ name, ok }) => `${String(name)} ${String(ok)}`)).toEqual(
      expect.arrayContaining(["repository true", "goose true", "provider true"]),
    );
    expectExit(result, 0);
  });

  test("a reader that goes away during a run: the task keeps its place, which stderr tells", async () => {
    const id = await cli.add("Create hello.txt");
    const { stdout, stderr } = await cli.shell(`( "${process.execPath}" "${cli.script}" run ${id}; echo "exit $?" >&2 ) | head -n 1`);
    expect(stdout).toMatch(/^started/);
    expect(stderr).toMatch(new RegExp(`reader.*${id} is paused.*resume ${id}.*\\nexit 1\\n$`));
    expectExit(await cli.run(["resume", id]), 0);
  });

  test("--concurrency 1 runs one after the other", async () => {
    const ids = [await cli.add("One"), await cli.add("Two")];
    server.setScript(() => ({ kind: "text", text: "NOTHING TO CHANGE: it is there already." }));
    const result = await cli.run(["run", "--all", "--concurrency", "1", "--json"]);
    const steps = result.records.flatMap(({ taskId, event }) => {
      const { type } = (event ?? {}) as { type?: string };
      return type === "started" || type === "completed" || type === "error" ? [String(taskId)] : [];
    });
    expect(steps).toEqual([ids[0], ids[0], ids[1], ids[1]]);
  });

  test("Ctrl-C keeps the place: 130, nothing is left alive, and resume finishes the task", async () => {
    const id = await cli.add("Create hello.txt");
    const [held, letGo] = holdSecondTurn();
    const run = cli.start(["run", "--json"]);
    await held;
    run.kill("SIGINT");
    const result = await run.result;
    expect(result).toMatchObject({ exitCode: 130, signal: null });
    expect(result.records.at(-1)).toMatchObject({ type: "summary", ran: [{ id, status: "paused" }] });
    await waitForNoProcesses(home.dir);
    letGo();
    server.setScript(() => ({ kind: "text", text: "hello.txt is written." }));
    const resumed = await cli.run(["resume", id, "--json"]);
    expectExit(resumed, 0);
    expect(await cli.show(id)).toMatchObject({ status: "done" });
  });

  test("SIGTERM ends with 143, a second Ctrl-C ends at once; nothing is left alive", async () => {
    await cli.add("Create hello.txt");
    server.setScript(() => ({ kind: "hang" }));
    const first = await startedRun();
    first.kill("SIGTERM");
    expect(await first.result).toMatchObject({ exitCode: 143, signal: null });
    await waitForNoProcesses(home.dir);

    await cli.add("Another task");
    const second = await startedRun();
    second.kill("SIGINT");
    await waitFor(() => second.output().stderr.includes("Stopping"), { what: "the first signal to be heard" });
    let ended = false;
    void second.result.finally(() => (ended = true));
    await waitFor(() => (second.kill("SIGINT"), ended), { what: "the end after the second signal" });
    expect(await second.result).toMatchObject({ exitCode: 130, signal: null });
  });

  test("another process pauses, resumes and follows a task that runs here", async () => {
    const id = await cli.add("Create hello.txt");
    const [held, letGo] = holdSecondTurn();
    const run = cli.start(["run", id, "--json"]);
    await held;
    const logs = cli.start(["logs", id, "-f"]);
    expect(await cli.run(["pause", id])).toMatchObject({ exitCode: 0 });
    await waitFor(async () => (await cli.show(id)).status === "paused", { what: "the pause" });
    expect(await cli.run(["resume", id])).toMatchObject({ exitCode: 0 });
    letGo();
    expect(await run.result).toMatchObject({ exitCode: 0 });
    expect((await logs.result).stdout).toMatch(/paused[\s\S]*resumed[\s\S]*done:/);
  });
});

/** Like toBe, but shows what was printed when it does not hold. */
function expectExit(result: CliResult, exitCode: number): void {
  if (result.exitCode !== exitCode) throw new Error(`exit code ${String(result.exitCode)} instead of ${exitCode}:\n${result.stdout}${result.stderr}`);
}

/** The model answers its first turn and waits in the second: `held` resolves when it does. */
function holdSecondTurn(): readonly [held: Promise<void>, letGo: () => void] {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let turn = 0;
  server.setScript(() => {
    const [first, second] = writeHello as [ModelReply, ModelReply];
    if (turn++ === 0) return first;
    reached.resolve();
    // oxlint-disable-next-line unicorn/no-thenable -- the model script's own word
    return { kind: "hold", until: gate.promise, then: second };
  });
  return [reached.promise, gate.resolve];
}

async function startedRun(): Promise<CliProcess> {
  const before = server.requests.length;
  const run = cli.start(["run", "--json"]);
  await waitFor(() => server.requests.length > before, { timeoutMs: 20_000, what: () => `Goose to ask the model; printed: ${JSON.stringify(run.output())}` });
  return run;
}
