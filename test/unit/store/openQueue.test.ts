import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cyrb53 } from "../../../src/base/cyrb53.ts";
import { openQueue, type OpenedQueue, type OpenQueueOptions } from "../../../src/store/openQueue.ts";
import { created, newTask } from "../../contract/taskStoreFixtures.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../../helpers/tempRepo.ts";

let temporary: TempDir;
let repo: TempRepo;
let opened: OpenedQueue[];
beforeEach(() => {
  temporary = createTempDir("task-master-queue-");
  repo = createTempRepo();
  opened = [];
});
afterEach(async () => {
  await closeAll();
  repo.dispose();
  temporary.dispose();
});

const inTemporary = (...parts: string[]): string => join(temporary.dir, ...parts);
const registryFile = (): string => inTemporary("data", "task-master-goose", "queues.json");
const codes = ({ warnings }: OpenedQueue): string[] => warnings.map(({ code }) => code);

async function open(options: Partial<OpenQueueOptions> = {}): Promise<OpenedQueue> {
  const queue = await openQueue({ folder: repo.dir, dataDirectory: inTemporary("data"), ...options });
  opened.push(queue);
  return queue;
}

async function closeAll(): Promise<void> {
  for (const queue of opened.splice(0)) await queue.store.close();
}

describe("with git", () => {
  it("is made under the data directory by the terminal, and followed by every window and worktree", async () => {
    const first = await open();
    const common = join(repo.dir, ".git");
    expect(first.databasePath).toBe(inTemporary("data", "task-master-goose", "queues", String(cyrb53(common)), "queue.db"));
    expect(first.stateDirectory).toBe(dirname(first.databasePath));
    repo.git("worktree", "add", "-b", "other", inTemporary("worktree"));
    const second = await open({ folder: inTemporary("worktree"), ownDirectory: inTemporary("window") });
    expect([second.store.uuid, second.databasePath, second.warnings]).toEqual([first.store.uuid, first.databasePath, []]);
    expect(existsSync(inTemporary("window"))).toBe(false);
  });

  it("is made in the window's storage when the window comes first", async () => {
    const first = await open({ ownDirectory: inTemporary("window") });
    expect(first.databasePath).toBe(inTemporary("window", "queue.db"));
    expect(codes(first)).toEqual([]);
    expect((await open()).databasePath).toBe(first.databasePath);
    expect((await open({ ownDirectory: inTemporary("window-1") })).store.uuid).toBe(first.store.uuid);
  });

  it("finds the data directory by the environment", async () => {
    const queue = await openQueue({ folder: repo.dir, env: { XDG_DATA_HOME: inTemporary("xdg") }, platform: "linux" });
    opened.push(queue);
    expect(queue.databasePath.startsWith(inTemporary("xdg", "task-master-goose"))).toBe(true);
  });

  it("keeps the queues of two repositories apart", async () => {
    using other = createTempRepo();
    const [mine, theirs] = [await open(), await open({ folder: other.dir })];
    expect(mine.store.uuid).not.toBe(theirs.store.uuid);
    await closeAll();
    expect((await open()).store.uuid).toBe(mine.store.uuid);
  });
});

describe("with a registry that is wrong", () => {
  it("goes on with a fresh registry when it is damaged, and loses no queue", async () => {
    const first = await open();
    writeFileSync(registryFile(), "{ half");
    const second = await open();
    expect([codes(second), second.store.uuid]).toEqual([["REGISTRY_CORRUPT"], first.store.uuid]);
    expect(readFileSync(`${registryFile()}.corrupt-1`, "utf8")).toBe("{ half");
    expect(codes(await open())).toEqual([]);
  });

  it("says when the registered queue is gone, and registers a new one", async () => {
    const first = await open({ ownDirectory: inTemporary("window") });
    await closeAll();
    rmSync(inTemporary("window"), { recursive: true });
    const second = await open();
    expect(codes(second)).toEqual(["REGISTRY_STALE"]);
    expect(second.warnings[0]?.message).toContain("is gone");
    expect(second.store.uuid).not.toBe(first.store.uuid);
    expect(codes(await open())).toEqual([]);
  });

  it("says when another queue lies at the registered place, and leaves that one alone", async () => {
    await open({ ownDirectory: inTemporary("window") });
    using other = createTempRepo();
    const foreign = await open({ folder: other.dir });
    await closeAll();
    copyFileSync(foreign.databasePath, inTemporary("window", "queue.db"));
    const before = readFileSync(inTemporary("window", "queue.db"));
    const queue = await open();
    expect(codes(queue)).toEqual(["REGISTRY_STALE"]);
    expect(queue.warnings[0]?.message).toContain("is another queue now");
    expect(readFileSync(inTemporary("window", "queue.db"))).toEqual(before);
  });

  it("registers the same queue again when it was moved to the own place", async () => {
    const first = await open({ ownDirectory: inTemporary("window") });
    await closeAll();
    renameSync(inTemporary("window"), inTemporary("moved"));
    const second = await open({ ownDirectory: inTemporary("moved") });
    expect([codes(second), second.store.uuid]).toEqual([["REGISTRY_STALE"], first.store.uuid]);
    expect(second.warnings[0]?.message).toContain("The same queue was found");
    expect(codes(await open())).toEqual([]);
  });
});

describe("with a queue whose file was touched", () => {
  let path: string;
  let uuid: string;
  const message = ({ warnings }: OpenedQueue): string => warnings.map((warning) => warning.message).join("\n");
  const lost = /tasks are lost/;
  const fresh = (): string => `A new, empty queue was started at ${path}.`;

  beforeEach(async () => {
    const first = await open();
    await first.store.insert(newTask("a"), created);
    [path, uuid] = [first.databasePath, first.store.uuid];
    await closeAll();
  });

  it("says that a deleted one is gone with its tasks", async () => {
    rmSync(path);
    const queue = await open();
    expect([codes(queue), queue.databasePath, queue.store.uuid === uuid]).toEqual([["REGISTRY_STALE"], path, false]);
    expect(message(queue)).toMatch(/\(\S+queue\.db\) is gone/);
    expect(message(queue)).toMatch(lost);
    expect(message(queue)).toContain(fresh());
    expect(message(queue)).not.toMatch(/another queue|kept/);
    expect(codes(await open())).toEqual([]);
  });

  it("keeps what a deleted one left in its write-ahead log", async () => {
    rmSync(path);
    writeFileSync(`${path}-wal`, "what was left");
    writeFileSync(`${path}.lost-1-wal`, "an earlier one");
    expect(message(await open())).toContain(`What was left of it was kept as ${path}.lost-2-wal.`);
    expect(readFileSync(`${path}.lost-2-wal`, "utf8")).toBe("what was left");
    expect(readFileSync(`${path}.lost-1-wal`, "utf8")).toBe("an earlier one");
  });

  it("says that one was emptied, and starts anew in another file: who still has the old one open must notice", async () => {
    const holder = await open();
    truncateSync(path);
    const queue = await open();
    expect([codes(queue), queue.databasePath]).toEqual([["REGISTRY_STALE"], path]);
    expect(message(queue)).toMatch(/\(\S+queue\.db\) was emptied/);
    expect(message(queue)).toMatch(lost);
    expect(message(queue)).toContain(fresh());
    await expect(holder.store.insert(newTask("b"), created)).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_/) });
    expect(codes(await open())).toEqual([]);
  });

  it("says that another one with tasks has taken its place", async () => {
    using other = createTempRepo();
    const foreign = await open({ folder: other.dir });
    await foreign.store.insert(newTask("c"), created);
    await closeAll();
    copyFileSync(foreign.databasePath, path);
    const queue = await open();
    expect([codes(queue), queue.store.uuid]).toEqual([["REGISTRY_STALE"], foreign.store.uuid]);
    expect(message(queue)).toMatch(/is another queue now.*tasks are lost.*with 1 task is used from now on/);
    expect(codes(await open())).toEqual([]);
  });
});

describe("with something in the way", () => {
  it("puts a damaged registered queue right at its place instead of starting another one elsewhere", async () => {
    const { uuid } = (await open({ ownDirectory: inTemporary("window") })).store;
    await closeAll();
    writeFileSync(inTemporary("window", "queue.db"), "nonsense ".repeat(1000));
    const queue = await open({ ownDirectory: inTemporary("window-1") });
    expect([codes(queue), queue.databasePath, queue.store.uuid]).toEqual([["STORE_RECOVERED"], inTemporary("window", "queue.db"), uuid]);
    expect(existsSync(inTemporary("window-1"))).toBe(false);
  });

  it("says when tasks lie unused in another queue of the same repository", async () => {
    const window = await open({ ownDirectory: inTemporary("window") });
    rmSync(registryFile());
    await open();
    expect(codes(await open({ ownDirectory: inTemporary("window") }))).toEqual([]);
    await window.store.insert(newTask("a"), created);
    const queue = await open({ ownDirectory: inTemporary("window") });
    expect(queue.warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/with 1 task lies unused/)]);
    await closeAll();
    writeFileSync(inTemporary("window", "queue.db"), "nonsense ".repeat(1000));
    expect((await open({ ownDirectory: inTemporary("window") })).warnings[0]?.message).toContain("cannot be read");
  });

  it("opens nothing that it cannot register", async () => {
    mkdirSync(join(dirname(registryFile()), "queues.json.tmp"), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: "STORE_FAILED" });
  });
});

describe("without git", () => {
  it("is the folder's own, in the window's storage or under the data directory", async () => {
    mkdirSync(inTemporary("plain"));
    const window = await open({ folder: inTemporary("plain"), ownDirectory: inTemporary("window") });
    expect(window.databasePath).toBe(inTemporary("window", "queue.db"));
    const terminal = await open({ folder: inTemporary("plain") });
    expect(terminal.databasePath).toBe(inTemporary("data", "task-master-goose", "queues", String(cyrb53(inTemporary("plain"))), "queue.db"));
    expect(existsSync(registryFile())).toBe(false);
  });

  it("needs a folder that exists", async () => {
    await expect(open({ folder: inTemporary("missing") })).rejects.toMatchObject({ code: "NO_FOLDER" });
  });
});
