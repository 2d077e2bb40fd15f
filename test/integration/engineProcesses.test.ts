/** Several processes with a real engine each on one queue: who may work, and what a late one may still do. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeTask } from "../../src/engine/newTask.ts";
import type { TaskId } from "../../src/model/ids.ts";
import type { Task } from "../../src/model/task.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { makeBareEngine } from "../chaos/bareEngine.ts";
import { FastTime } from "../chaos/fastTime.ts";
import { doneGit } from "../helpers/doneGit.ts";
import { waitFor } from "../helpers/leakCheck.ts";

class Child {
  readonly lines: string[] = [];
  readonly process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(name: string, ...args: string[]) {
    const script = fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));
    this.process = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = once(this.process, "exit");
    createInterface({ input: this.process.stdout as NodeJS.ReadableStream }).on("line", (line) => this.lines.push(line));
  }

  /** The first line that begins so. */
  line(start: string, timeoutMs = 20_000): Promise<string> {
    const find = (): string | undefined => this.lines.find((line) => line.startsWith(start));
    return waitFor(find, { timeoutMs, what: () => `a line "${start}" among: ${this.lines.join("; ")}` });
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#exited;
  }
}

let folder: string;
let database: string;
let children: Child[];
beforeEach(() => {
  // In memory where there is such a place: twenty thousand durable commits are a test of the disk otherwise.
  folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tm-engines-"));
  database = join(folder, "queue.db");
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  rmSync(folder, { recursive: true, force: true });
});

function start(name: string, ...args: string[]): Child {
  const child = new Child(name, ...args);
  children.push(child);
  return child;
}

async function addTasks(store: SqliteTaskStore, count: number, now: number): Promise<Task[]> {
  const tasks = Array.from({ length: count }, (_, index) =>
    makeTask({ title: `Task ${index}` }, { now, random: Math.random, repository: "/repository", maxAttempts: 1 }),
  );
  for (const task of tasks) await store.insert(task, [{ type: "created", attempt: 0, at: now }]);
  return tasks;
}

test("four engines claim 5,000 tasks each: no task is begun twice, none is left", { timeout: 180_000 }, async () => {
  const [engines, share] = [4, 5_000];
  const store = new SqliteTaskStore(openDatabase(database));
  const tasks = await addTasks(store, engines * share, Date.now());
  const claimers = Array.from({ length: engines }, () => start("childEngineClaimer", database, String(share)));
  for (const claimer of claimers) await claimer.line("ready");
  for (const claimer of claimers) claimer.process.stdin?.write("go\n");
  const won = await Promise.all(claimers.map(async (claimer) => JSON.parse(await claimer.line("[", 150_000)) as TaskId[]));
  expect(won.map(({ length }) => length)).toEqual([share, share, share, share]);
  expect(won.flat().toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
  const wrong = (await store.list()).filter(
    ({ status, attempts, fence, lease }) => !(status === "in_progress" && attempts === 1 && fence === 1 && lease?.token === 1),
  );
  expect(wrong).toEqual([]);
  await store.close();
});

test("an engine that is stopped for longer than its lease and then goes on changes nothing any more, and says so", async () => {
  const time = new FastTime(Date.now());
  const store = new SqliteTaskStore(openDatabase(database), { pollMs: 20 });
  const [task] = (await addTasks(store, 1, time.now())) as [Task];
  const sleeper = start("childHeldEngine", database, String(time.begin), task.id);
  await sleeper.line("turn");
  sleeper.process.kill("SIGSTOP");
  const engine = makeBareEngine({
    store,
    git: doneGit,
    agent: {
      run: () => ({ result: Promise.resolve({ sessionId: "s", finalMessage: "I changed the file." }), pause() {}, resume() {}, tell() {}, cancel() {} }),
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    time,
  });
  await engine.start();
  await waitFor(async () => (await engine.get(task.id)).status === "paused", { what: "the end of the lease" });
  await engine.resume(task.id);
  await waitFor(async () => (await engine.get(task.id)).status === "done", { what: "the end of the task" });
  const journal = await engine.events(task.id, { limit: 1_000 });
  sleeper.process.stdin?.write("finish\n");
  sleeper.process.kill("SIGCONT");
  await sleeper.line("end");
  expect(await sleeper.line("warn: the lease of the task is no longer ours; its late outcome was dropped")).toContain(task.id);
  expect(sleeper.lines.filter((line) => line === "turn" || line === "commit" || line === "cleanup")).toEqual(["turn"]);
  expect(await engine.events(task.id, { limit: 1_000 })).toEqual(journal);
  expect(journal.filter(({ type }) => ["started", "paused", "resumed", "completed"].includes(type)).map(({ type }) => type)).toEqual([
    "started",
    "paused",
    "resumed",
    "completed",
  ]);
  expect(await engine.attempts(task.id)).toMatchObject([{ outcome: "completed", commits: ["c0ffee"] }]);
  await engine.stopEngine();
  await store.close();
});
