import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/model/task.ts";
import type { TaskEvent } from "../../src/model/taskEvent.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { openQueue } from "../../src/store/openQueue.ts";
import { QueueRegistry } from "../../src/store/queueRegistry.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { claim, created, logEvent, newTask, taskId } from "../contract/taskStoreFixtures.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";

/** A child process whose lines can be awaited one by one. */
interface Child {
  readonly process: ChildProcess;
  readonly nextLine: () => Promise<string>;
  readonly go: () => void;
  readonly kill: () => Promise<void>;
}

let temporary: TempDir;
let children: Child[];

beforeEach(() => {
  temporary = createTempDir("task-master-store-");
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  temporary.dispose();
});

function start(name: string, ...args: string[]): Child {
  const script = fileURLToPath(new URL(`../unit/store/fixtures/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${name} ended`);
    return value;
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  const started = { process: child, nextLine, go: () => child.stdin.end("go\n"), kill };
  children.push(started);
  return started;
}

async function startAll(count: number, name: string, argsOf: (index: number) => string[]): Promise<Child[]> {
  const all = Array.from({ length: count }, (_, index) => start(name, ...argsOf(index)));
  for (const child of all) expect(await child.nextLine()).toBe("ready");
  return all;
}

function openStore(path: string, busyTimeoutMs = 5000): SqliteTaskStore {
  return new SqliteTaskStore(openDatabase(path, { busyTimeoutMs }), { pollMs: 10 });
}

describe("several processes on one queue", () => {
  it("ends in one queue when four open it at once for the first time", { timeout: 30_000 }, async () => {
    using repo: TempRepo = createTempRepo();
    const data = join(temporary.dir, "data");
    const own = (index: number): string => join(temporary.dir, `own-${index}`);
    const all = await startAll(4, "childOpenQueue", (index) => [repo.dir, data, own(index)]);
    for (const child of all) child.go();
    const results = await Promise.all(all.map(async (child) => JSON.parse(await child.nextLine()) as { uuid: string; warnings: string[] }));
    expect(new Set(results.map(({ uuid }) => uuid)).size).toBe(1);
    expect(results.flatMap(({ warnings }) => warnings)).toEqual([]);
    const later = await openQueue({ folder: repo.dir, dataDirectory: data, ownDirectory: own(9) });
    expect(later.store.uuid).toBe(results[0]?.uuid);
    await later.store.close();
  });

  it("gives every task to exactly one of three claimers", { timeout: 30_000 }, async () => {
    const path = join(temporary.dir, "queue.db");
    const store = openStore(path);
    const names = Array.from({ length: 300 }, (_, index) => `t${index}x`);
    for (const name of names) await store.insert(newTask(name), created);
    const all = await startAll(3, "childClaimer", () => [path]);
    for (const child of all) child.go();
    const won = (await Promise.all(all.map(async (child) => JSON.parse(await child.nextLine()) as string[]))).flat();
    expect(won.toSorted()).toEqual(names.map((name) => taskId(name)).toSorted());
    expect(await store.list({ statuses: ["todo"] })).toEqual([]);
    for (const task of await store.list()) expect(await store.attempts(task.id)).toHaveLength(1);
    await store.close();
  });

  it("releases a dependant once when two processes finish its last two dependencies at the same time", { timeout: 30_000 }, async () => {
    const path = join(temporary.dir, "queue.db");
    const store = openStore(path);
    const rounds = Array.from({ length: 50 }, (_, index) => String(index));
    for (const round of rounds) {
      for (const side of ["l", "r"]) await store.insert(newTask(`${side}${round}x`), created);
      await store.insert(newTask(`w${round}x`, { dependsOn: [taskId(`l${round}x`), taskId(`r${round}x`)] }), created);
    }
    const all = await startAll(2, "childFinisher", (index) => [path, index === 0 ? "l" : "r", String(rounds.length)]);
    for (const child of all) child.go();
    const released = (await Promise.all(all.map(async (child) => JSON.parse(await child.nextLine()) as string[]))).flat();
    expect(released.toSorted()).toEqual(rounds.map((round) => taskId(`w${round}x`)).toSorted());
    for (const id of released) {
      expect(await store.get(id as Task["id"])).toMatchObject({ status: "todo" });
      expect((await store.events(id as Task["id"], { limit: 9 })).filter(({ type }) => type === "unblocked")).toHaveLength(1);
    }
    await store.close();
  });

  it("makes no circle when two processes add opposite dependencies at the same time", { timeout: 30_000 }, async () => {
    const path = join(temporary.dir, "queue.db");
    const store = openStore(path);
    const count = 50;
    for (let round = 0; round < count; round += 1) for (const side of ["l", "r"]) await store.insert(newTask(`${side}${round}x`), created);
    const all = await startAll(2, "childLinker", (index) => [path, ...(index === 0 ? ["l", "r"] : ["r", "l"]), String(count)]);
    for (const child of all) child.go();
    const refused = (await Promise.all(all.map(async (child) => JSON.parse(await child.nextLine()) as string[]))).flat();
    // Of each pair exactly one edge was refused.
    expect(new Set(refused.map((name) => name.slice(1))).size).toBe(count);
    expect(refused).toHaveLength(count);
    expect((await store.list({ statuses: ["blocked"] })).length).toBe(count);
    await store.close();
  });

  it("holds every confirmed entry after kill -9 of a writer, without gaps", { timeout: 30_000 }, async () => {
    const path = join(temporary.dir, "queue.db");
    const store = openStore(path);
    await store.insert(newTask("a"), created);
    await store.commit(claim(newTask("a")));
    for (const enough of [50, 200, 500]) {
      const writer = start("childWriter", path);
      let confirmed = 0;
      for (let lines = 0; lines < enough; lines += 1) confirmed = Number(await writer.nextLine());
      await writer.kill();
      const events = await store.events(taskId("a"), { limit: 1_000_000 });
      expect(events.length).toBeGreaterThanOrEqual(confirmed);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      // Two per batch behind created and started: no half batch.
      expect(events.length % 2).toBe(0);
    }
    await store.close();
    const { db } = openDatabase(path);
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    db.close();
  });
});

describe("another process", () => {
  it("hears what another process writes, and not its own entries", async () => {
    const path = join(temporary.dir, "queue.db");
    const store = openStore(path);
    await store.insert(newTask("a"), created);
    await store.commit(claim(newTask("a")));
    const heard: TaskEvent[] = [];
    const enough = new Promise<void>((resolve) => {
      store.onDidChangeElsewhere((events) => {
        heard.push(...events);
        if (heard.length >= 1200) resolve();
      });
    });
    await store.append({ taskId: taskId("a"), token: 1, events: [logEvent("mine")] });
    start("childWriter", path);
    await enough;
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map((_, index) => index + 4));
    await store.close();
  });

  it("tells that the database is locked, and works again when it is free", async () => {
    const path = join(temporary.dir, "queue.db");
    const store = openStore(path, 50);
    const [holder] = await startAll(1, "childHolder", () => [path]);
    await expect(store.insert(newTask("a"), created)).rejects.toMatchObject({ code: "STORE_FAILED", retryable: true });
    await holder?.kill();
    await store.insert(newTask("a"), created);
    expect(await store.list()).toHaveLength(1);
    await store.close();
  });

  it("waits for its turn at the registry, and takes over when the holder is killed", async () => {
    using repo: TempRepo = createTempRepo();
    const options = { folder: repo.dir, dataDirectory: join(temporary.dir, "data") };
    await (await openQueue(options)).store.close();
    const [holder] = await startAll(1, "childHolder", () => [join(temporary.dir, "data", "task-master-goose", "queues.json.lock")]);
    const opening = openQueue(options);
    await expect(new QueueRegistry(options.dataDirectory, 60).withLock(() => "mine")).rejects.toMatchObject({ code: "STORE_FAILED", retryable: true });
    await holder?.kill();
    await (await opening).store.close();
  });
});
