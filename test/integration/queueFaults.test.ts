// Faults of a queue's file between real processes: kills in the middle of what mends it, and several that meet the same damage.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueueCare } from "../../src/host/queueCare.ts";
import { TaskWorkerHost } from "../../src/host/taskWorkerHost.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { listBackups, openNewestBackup } from "../../src/store/backups.ts";
import type { OpenedQueue } from "../../src/store/openQueue.ts";
import { backUpQueue } from "../../src/worker/queue/backup.ts";
import { checkQueue } from "../../src/worker/queue/check.ts";
import { claim, created, logEvent, newTask, taskId } from "../contract/taskStoreFixtures.ts";
import { ScratchQueue } from "../helpers/scratchQueue.ts";
import { realTimers } from "../helpers/realTimers.ts";

let place: ScratchQueue;
let children: ChildProcess[];
let path: string;
let uuid: string;

beforeEach(async () => {
  place = new ScratchQueue();
  children = [];
  const queue = await place.open();
  [path, uuid] = [queue.databasePath, queue.store.uuid];
  await queue.store.insert(newTask("a"), created);
  await queue.store.commit(claim(newTask("a")));
  for (let batch = 0; batch < 20; batch += 1) {
    const events = Array.from({ length: 100 }, (_, index) => logEvent(`${index} ${"e".repeat(8000)}`));
    await queue.store.append({ taskId: taskId("a"), token: 1, events });
  }
  await place.closeAll();
});
afterEach(async () => {
  await Promise.all(children.map(kill));
  await place[Symbol.asyncDispose]();
});

function start(name: string, ...args: string[]): ChildProcess {
  const script = fileURLToPath(new URL(`../unit/store/fixtures/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

const opener = (): ChildProcess => start("childOpenQueue", place.repo.dir, place.temporary.dir, place.temporary.dir);

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Looks without a pause, so that short states are seen. */
async function spotted(isThere: () => boolean, child: ChildProcess): Promise<void> {
  while (!isThere()) {
    if (child.exitCode !== null) throw new Error("it ended before it was seen");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const breakHead = (): void => writeFileSync(path, readFileSync(path).fill(0x55, 0, 100));
const words = ({ warnings }: OpenedQueue): string => warnings.map(({ message }) => message).join("\n");

describe("kill -9", () => {
  it("during backups leaves only whole ones, and the queue as it was", { timeout: 60_000 }, async () => {
    const folder = join(dirname(path), "backups");
    const halves = (): string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("half-")) : []);
    for (let round = 0; round < 5; round += 1) {
      const before = new Set(halves());
      const child = start("childBackup", path);
      // A file with something in it: in the middle of the copy.
      await spotted(() => halves().some((name) => !before.has(name) && (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > 0), child);
      await kill(child);
      const good = openNewestBackup(path, uuid);
      expect(good?.path).toBe(listBackups(path)[0]?.path);
      good?.db.close();
      expect((await place.open()).warnings).toEqual([]);
      await place.closeAll();
    }
    expect(listBackups(path).length).toBeLessThanOrEqual(3);
  });

  it("during compaction loses no entry that tells the story, and the next one ends it with one entry", { timeout: 60_000 }, async () => {
    const { store } = await place.open();
    const task = await store.get(taskId("a"));
    if (task === undefined) throw new Error("gone");
    const { lease: _lease, ...free } = task;
    await store.commit({ task: { ...free, status: "done" }, events: [{ type: "completed", summary: "Done.", unblocked: [], attempt: 1, at: 9 }] });
    const child = start("childCompactor", path);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    await lines.next();
    await kill(child);
    for (let isLast = false; !isLast;) isLast = (await store.compact(Number.MAX_SAFE_INTEGER, 99_000)).isLast;
    const events = await store.events(taskId("a"), { limit: 10_000 });
    expect(events.map(({ type }) => type)).toEqual(["created", "started", "completed", "compacted"]);
    expect(events.at(-1)).toMatchObject({ removed: 2000 });
  });

  it.each([
    ["when the recovery begins", ".recovery.json"],
    ["while the bad file is copied", ".salvaging"],
    ["while the fresh file is filled", ".rebuilding-wal"],
  ])("%s: whoever comes next ends it, and nothing is lost", { timeout: 60_000 }, async (_, sign) => {
    breakHead();
    const bad = readFileSync(path);
    const child = opener();
    child.stdin?.end("go\n");
    await spotted(() => existsSync(path + sign), child);
    await kill(child);
    const queue = await place.open();
    expect(queue.store.uuid).toBe(uuid);
    expect(readFileSync(`${path}.damaged-1`)).toEqual(bad);
    expect(await queue.store.events(taskId("a"), { limit: 10_000 })).toHaveLength(2002);
    expect(readdirSync(dirname(path)).filter((name) => /recovery|rebuil|salvag|damaged-2/.test(name))).toEqual([]);
  });
});

describe("several processes", () => {
  it("that open a damaged queue at once recover it once", { timeout: 60_000 }, async () => {
    breakHead();
    const all = Array.from({ length: 4 }, opener);
    const results = await Promise.all(
      all.map(async (child) => {
        const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
        await lines.next();
        child.stdin?.end("go\n");
        return JSON.parse(String((await lines.next()).value)) as { uuid: string; warnings: string[] };
      }),
    );
    expect(results.flatMap(({ warnings }) => warnings)).toEqual(["STORE_RECOVERED"]);
    expect(new Set(results.map((result) => result.uuid))).toEqual(new Set([uuid]));
    expect(readdirSync(dirname(path)).filter((name) => name.includes("damaged"))).toEqual(["queue.db.damaged-1"]);
  });

  it("meet a removed log while another has the queue open: nothing is recovered, and its end saves all", { timeout: 60_000 }, async () => {
    const writer = start("childWriter", path);
    const lines = createInterface({ input: writer.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    const { store } = await place.open();
    await lines.next();
    await kill(writer);
    await store.insert(newTask("b", { prompt: "p".repeat(50_000) }), created);
    rmSync(`${path}-wal`);
    const other = start("childOpenQueue", place.repo.dir, place.temporary.dir, place.temporary.dir);
    const otherLines = createInterface({ input: other.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    await otherLines.next();
    other.stdin?.end("go\n");
    expect(JSON.parse(String((await otherLines.next()).value))).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(readdirSync(dirname(path)).filter((name) => name.includes("damaged"))).toEqual([]);
    await expect(store.insert(newTask("c"), created)).rejects.toMatchObject({ code: "STORE_FAILED" });
    await place.closeAll();
    const queue = await place.open();
    expect((await queue.store.list()).map(({ id }) => id)).toEqual([taskId("a"), taskId("b")]);
  });
});

it("a queue that another program has locked is left alone, and works when it is free", { timeout: 60_000 }, async () => {
  const holder = start("childHolder", path, "all");
  await once(holder.stdout as NodeJS.ReadableStream, "data");
  await expect(place.open()).rejects.toMatchObject({ code: "STORE_FAILED", retryable: true });
  await kill(holder);
  expect((await place.open()).warnings).toEqual([]);
  expect(readdirSync(dirname(path)).filter((name) => /damaged|recovery/.test(name))).toEqual([]);
});

describe("the worker", () => {
  it("checks and backs up an open queue while the host goes on", async () => {
    const queue = await place.open();
    const script = fileURLToPath(new URL("../../src/worker/harness.ts", import.meta.url));
    const log = (): void => undefined;
    const workers = new TaskWorkerHost({
      script,
      settings: () => ({ ...defaultSettings, poolMode: "thread" }),
      timers: realTimers,
      log: { debug: log, info: log, warn: log, error: log },
    });
    try {
      const care = createQueueCare(workers, { database: path, uuid });
      const both = Promise.all([care.check(), care.backUp(0)]);
      for (let index = 0; index < 20; index += 1) await queue.store.insert(newTask(`n${index}x`), created);
      expect(await both).toEqual([undefined, undefined]);
      expect(listBackups(path)).toHaveLength(1);
      await queue.store.insert(newTask("after"), created);
    } finally {
      await workers.stop(100);
    }
    await place.closeAll();
    expect((await place.open()).warnings).toEqual([]);
  });

  it("finds a damaged page in a queue that is too large to be checked while it opens", async () => {
    const bytes = readFileSync(path);
    expect(bytes.length).toBeGreaterThan(4 * 1024 * 1024);
    const at = Math.floor(bytes.length / 8192) * 4096;
    writeFileSync(path, bytes.fill(0xff, at, at + 4096));
    const queue = await place.open();
    expect(queue.warnings).toEqual([]);
    const { damage } = checkQueue({ database: path });
    expect(damage).toEqual(expect.any(String));
    queue.store.reportDamage(damage ?? "");
    await place.closeAll();
    const again = await place.open();
    expect(words(again)).toMatch(/is damaged.*1 task from the file itself/);
    expect((await again.store.events(taskId("a"), { limit: 10_000 })).length).toBeGreaterThan(1990);
  });
});

it("a backup of a queue is opened by nobody but the recovery", () => {
  backUpQueue({ database: path, uuid, minAgeMs: 0, keep: 3 });
  const [backup] = listBackups(path);
  const db = new DatabaseSync(backup?.path ?? "", { readOnly: true });
  expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
  db.close();
});
