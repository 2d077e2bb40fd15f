/** The factories for those who drive the loop themselves: real store, real threads, real git, real Goose with a scripted model. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGooseWorkerDeps } from "../../src/composition.ts";
import { loop } from "../../src/engine/loop.ts";
import type { EngineSettings } from "../../src/model/settings.ts";
import type { Task } from "../../src/model/task.ts";
import { makeFileSystemWorker } from "../helpers/fileSystemWorker.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { processesWithMarker, waitFor, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { openLoopWorld, type LoopWorld } from "../helpers/loopWorld.ts";
import { byPrompt, messageText, sequence, startModelServer, type ModelReply, type ModelServer } from "../helpers/modelServer.ts";
import { setEnvironment } from "../helpers/productEngine.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";

let repo: TempRepo;
let home: TempDir;
let model: ModelServer;
let restore: () => void;
const worlds: LoopWorld[] = [];

beforeEach(async () => {
  repo = createTempRepo();
  home = createTempDir("task-master-home-");
  model = await startModelServer();
  restore = setEnvironment({ HOME: home.dir, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined, XDG_STATE_HOME: undefined, ...model.env });
});
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
  await model.close();
  restore();
  await waitForNoProcesses(home.dir);
  repo.dispose();
  home.dispose();
});

const never = new AbortController().signal;
const place = (): { folder: string; dataDirectory: string } => ({ folder: repo.dir, dataDirectory: home.dir });
async function open(settings: Partial<EngineSettings> = {}, lines: string[] = []): Promise<LoopWorld> {
  const world = await openLoopWorld(place(), { settings: { goosePath: gooseBinary(), ...settings }, sink: { write: (line) => lines.push(line) } });
  worlds.push(world);
  return world;
}
const write = (path: string, content: string): ModelReply => ({ kind: "tools", calls: [{ name: "write", arguments: { path, content } }] });
const shell = (command: string): ModelReply => ({ kind: "tools", calls: [{ name: "shell", arguments: { command } }] });
const say = (text: string): ModelReply => ({ kind: "text", text });

/** A chain of two: the second builds on the first. */
async function addChain({ queue }: LoopWorld): Promise<[first: string, second: string]> {
  const [first] = (await queue.addTasks([{ title: "create hello.txt with a greeting" }])) as [Task];
  const [second] = (await queue.addTasks([{ title: "read hello.txt and write response.txt", dependsOn: [first.id] }])) as [Task];
  return [first.id, second.id];
}

async function branches({ store }: LoopWorld): Promise<string[]> {
  return (await store.list()).map(({ branch }) => branch ?? "none");
}

describe("a loop over the factories", () => {
  test("works a chain of two tasks with real Goose; the chain is verified", async () => {
    model.setScript(
      byPrompt([
        ["write response.txt", [shell("cat hello.txt"), write("response.txt", "Hello to you.\n"), say("I wrote response.txt.")]],
        ["create hello.txt", [write("hello.txt", "Hello!\n"), say("I wrote hello.txt.")]],
      ]),
    );
    repo.write("rules.md", "Always greet.");
    const world = await open();
    const [first, second] = await addChain(world);
    const { base, queue, store } = world;
    await loop(createGooseWorkerDeps({ base, queue, model: "chosen/model-1", instructionsFile: "rules.md" }))({ signal: never });

    expect((await store.list()).map(({ id, status }) => [id, status])).toEqual([
      [first, "done"],
      [second, "done"],
    ]);
    const [one, two] = (await branches(world)) as [string, string];
    expect([repo.git("show", `${one}:hello.txt`), repo.git("show", `${two}:hello.txt`), repo.git("show", `${two}:response.txt`)]).toEqual([
      "Hello!",
      "Hello!",
      "Hello to you.",
    ]);
    expect(await base.git.verifyBranchChain([one, two])).toMatchObject({ isValid: true, chains: [[one, two]], missing: [] });
    expect(await queue.getRemainingCount()).toBe(0);

    expect(new Set(model.requests.map((request) => request.model))).toEqual(new Set(["chosen/model-1"]));
    const asked = model.requests.flatMap(({ messages }) => messages.map(messageText));
    expect(asked.some((text) => text.includes("Always greet."))).toBe(true);
    const events = await store.events((await store.list())[0]?.id as Task["id"], { limit: 1_000 });
    expect(events.filter(({ type }) => type === "tool_call").length).toBeGreaterThan(0);
  });

  test("works the same chain with another worker", async () => {
    const world = await open();
    await addChain(world);
    const runWorker = makeFileSystemWorker(({ title }) => ({ [title.startsWith("create") ? "hello.txt" : "response.txt"]: `${title}\n` }));
    await loop({ ...createGooseWorkerDeps(world), runWorker })({ signal: never });
    const [one, two] = (await branches(world)) as [string, string];
    expect(repo.git("ls-tree", "--name-only", two).split("\n")).toEqual(["README.md", "hello.txt", "response.txt"]);
    expect(await world.base.git.verifyBranchChain()).toMatchObject({ isValid: true, chains: [[one, two]] });
    expect(model.requests).toEqual([]);
  });

  test("dumps the repository's state to the caller and to the log", async () => {
    const lines: string[] = [];
    const { base } = await open({}, lines);
    expect(await base.git.dumpFullState("before")).toMatchObject({ label: "before", branch: "main" });
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ level: "info", message: "state of the repository", label: "before", branch: "main" });
  });

  test("ends a turn that takes longer than processTimeout", async () => {
    model.setScript(sequence([{ kind: "hang" }]));
    const world = await open();
    await world.queue.addTasks([{ title: "write a.txt" }]);
    await loop(createGooseWorkerDeps({ ...world, processTimeout: 1_500 }))({ signal: never });
    expect(await world.store.list()).toMatchObject([{ status: "failed", result: { error: { code: "TIMEOUT" } } }]);
  });

  test("a file of instructions that is not there fails the task before Goose is started", async () => {
    const world = await open();
    await world.queue.addTasks([{ title: "write a.txt" }]);
    await loop(createGooseWorkerDeps({ ...world, instructionsFile: "none.md" }))({ signal: never });
    expect(await world.store.list()).toMatchObject([{ status: "failed", result: { error: { code: "INVALID_INPUT" } } }]);
    expect(model.requests).toEqual([]);
  });
});

describe("an abort", () => {
  test("while Goose works ends it, keeps the work on the branch and leaves nothing running", async () => {
    model.setScript(sequence([write("part.txt", "half\n"), shell("sleep 600")]));
    const world = await open();
    await world.queue.addTasks([{ title: "write part.txt" }, { title: "another" }]);
    const controller = new AbortController();
    const working = loop(createGooseWorkerDeps(world))({ signal: controller.signal });
    await waitFor(async () => (await processesWithMarker(home.dir)).some(({ args }) => args.includes("sleep 600")), { what: "the shell command" });
    controller.abort();
    await working;
    expect((await processesWithMarker(home.dir)).filter(({ args }) => /sleep 600|goose acp/.test(args))).toEqual([]);
    const [stopped, waiting] = (await world.store.list()) as [Task, Task];
    expect([stopped.status, waiting.status]).toEqual(["stopped", "todo"]);
    expect(repo.git("show", `${stopped.branch}:part.txt`)).toBe("half");
    expect(repo.git("worktree", "list").split("\n")).toHaveLength(1);
  });

  test("while the loop waits for a retry ends it at once", async () => {
    model.setScript(sequence([{ kind: "drop" }]));
    const world = await open();
    await world.queue.addTasks([{ title: "write a.txt", maxAttempts: 2 }]);
    const controller = new AbortController();
    const working = loop(createGooseWorkerDeps(world))({ signal: controller.signal });
    const status = async (): Promise<Task | undefined> => (await world.store.list())[0];
    await waitFor(async () => (await status())?.notBefore !== undefined, { what: "the first failure", timeoutMs: 30_000 });
    controller.abort();
    await working;
    expect(await status()).toMatchObject({ status: "todo", attempts: 1 });
  });
});

test("after a kill -9 of the process that pulled, a second queue goes on with the same attempt and what it had written", async () => {
  const world = await open();
  const [task] = (await world.queue.addTasks([{ title: "write both halves" }, { title: "the next" }])) as [Task];
  const script = fileURLToPath(new URL("fixtures/childLoop.ts", import.meta.url));
  const child = spawn(process.execPath, [script, repo.dir, home.dir], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    expect(line).toBe(task.id);
    expect(await world.queue.getRemainingCount()).toBe(1); // the pulled one is not among them
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
  expect(await world.store.get(task.id)).toMatchObject({ status: "in_progress", attempts: 1 });

  await loop({
    ...createGooseWorkerDeps(world),
    runWorker: makeFileSystemWorker(({ title }) => ({ [title === "the next" ? "next.txt" : "rest.txt"]: "x\n" })),
  })({
    signal: never,
  });
  const tasks = await world.store.list();
  expect(tasks.map(({ status, attempts }) => [status, attempts])).toEqual([
    ["done", 1],
    ["done", 1],
  ]);
  expect(await world.store.attempts(task.id)).toMatchObject([{ outcome: "completed", interruptions: 1 }]);
  expect(repo.git("ls-tree", "--name-only", tasks[0]?.branch as string).split("\n")).toEqual(["README.md", "half.txt", "rest.txt"]);
});
