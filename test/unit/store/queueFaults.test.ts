// One test per fault that opening a queue can meet: what is kept, what comes back, what the user is told.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OpenedQueue } from "../../../src/store/openQueue.ts";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { backUpQueue } from "../../../src/worker/queue/backup.ts";
import { asOrdinaryUser } from "../../helpers/ordinaryUser.ts";
import { claim, created, logEvent, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { ScratchQueue } from "../../helpers/scratchQueue.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

const taskCount = 40;
let place: ScratchQueue;
let path: string;
let uuid: string;

/** A queue with tasks over many pages, made once. */
let filled: Buffer;
beforeAll(async () => {
  using made = createTempDir("task-master-faults-");
  const database = join(made.dir, "queue.db");
  await fill(new SqliteTaskStore(openDatabase(database)));
  filled = readFileSync(database);
});

beforeEach(async () => {
  place = new ScratchQueue();
  const queue = await place.open();
  [path, uuid] = [queue.databasePath, queue.store.uuid];
  await place.closeAll();
  writeFileSync(path, filled);
  const db = new DatabaseSync(path);
  db.prepare("UPDATE queue SET uuid = ?").run(uuid);
  db.close();
});
afterEach(async () => {
  await place[Symbol.asyncDispose]();
});

async function fill(store: SqliteTaskStore): Promise<void> {
  for (let index = 0; index < taskCount; index += 1) {
    const task = newTask(`t${index}x`, { prompt: "p".repeat(1500), ...(index === 0 ? {} : { dependsOn: [taskId(`t0x`)] }) });
    await store.insert(task, created);
    if (index === 0) await store.commit(claim(task));
  }
  for (let batch = 0; batch < 40; batch += 1) await store.append({ taskId: taskId("t0x"), token: 1, events: [logEvent("e".repeat(1200)), logEvent("f")] });
  await store.close();
}

const backUp = (): unknown => backUpQueue({ database: path, uuid, minAgeMs: 0, keep: 3 });
const words = ({ warnings }: OpenedQueue): string => warnings.map(({ code, message }) => `${code}: ${message}`).join("\n");
const here = (): string[] => readdirSync(dirname(path)).toSorted();
const pageBytes = 4096;

function damage(change: (bytes: Buffer) => Buffer | undefined): Buffer {
  const bytes = readFileSync(path);
  const changed = change(bytes) ?? bytes;
  writeFileSync(path, changed);
  return changed;
}

/** Everything is usable, and nothing of the recovery is left but what it says. */
async function expectWhole({ store, databasePath }: OpenedQueue, tasks: number): Promise<void> {
  expect([databasePath, store.uuid]).toEqual([path, uuid]);
  expect(await store.list()).toHaveLength(tasks);
  await store.insert(newTask("new"), created);
  const db = new DatabaseSync(path, { readOnly: true });
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(db.prepare("PRAGMA foreign_key_check").all()).toEqual([]);
  db.close();
  expect(here().filter((name) => /rebuil|salvag|recovery|suspect/.test(name))).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await place.closeAll();
  expect((await place.open()).warnings).toEqual([]);
}

describe("a damaged file", () => {
  it("with a damaged head is rebuilt whole from itself", async () => {
    const damaged = damage((bytes) => bytes.fill(0x55, 0, 100));
    const queue = await place.open();
    expect(words(queue)).toMatch(
      /STORE_RECOVERED.*is damaged \(file is not a database\)\. It was kept as \S+queue\.db\.damaged-1\. Recovered: 40 tasks from the file itself\..*tm\//,
    );
    expect(readFileSync(`${path}.damaged-1`)).toEqual(damaged);
    expect(await queue.store.events(taskId("t0x"), { limit: 1000 })).toHaveLength(82);
    expect(await queue.store.attempts(taskId("t0x"))).toHaveLength(1);
    expect((await queue.store.get(taskId("t1x")))?.dependsOn).toEqual([taskId("t0x")]);
    await expectWhole(queue, taskCount);
  });

  it("with the mark of another program in its head is still known by its uuid", async () => {
    damage((bytes) => void bytes.writeUInt32BE(7, 68));
    const queue = await place.open();
    expect(words(queue)).toContain("40 tasks from the file itself");
    await expectWhole(queue, taskCount);
  });

  it("with a flipped page keeps every row of the other pages, and gets the rest from the backup", async () => {
    backUp();
    const at = pageOf("t20x");
    damage((bytes) => bytes.fill(0xff, at, at + pageBytes));
    const queue = await place.open();
    expect(words(queue)).toMatch(
      /Recovered: 3\d tasks from the file itself, which could not be read whole; [1-9] tasks? from the backup of \d{4}-.* as they were then/,
    );
    await expectWhole(queue, taskCount);
  });

  it("with a flipped page and no backup keeps the rows on both sides of it", async () => {
    const at = pageOf("t20x");
    damage((bytes) => bytes.fill(0xff, at, at + pageBytes));
    const queue = await place.open();
    const ids = (await queue.store.list()).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([taskId("t0x"), taskId("t39x")]));
    expect(ids).not.toContain(taskId("t20x"));
    expect(ids.length).toBeGreaterThan(taskCount - 6);
    await expectWhole(queue, ids.length);
  });

  it("with a row that makes no sense any more gets that task from the backup", async () => {
    backUp();
    damage((bytes) => void bytes.write("{{{", bytes.indexOf('{"title":"Task t20x"')));
    damage((bytes) => bytes.fill(0x55, 0, 100));
    const queue = await place.open();
    expect(words(queue)).toMatch(/39 tasks from the file itself, which could not be read whole; 1 task from the backup/);
    await expectWhole(queue, taskCount);
  });

  it("that was cut keeps what is before the cut, and gets the rest from the backup", async () => {
    backUp();
    damage((bytes) => bytes.subarray(0, Math.floor(bytes.length / 2 / pageBytes) * pageBytes + 100));
    const queue = await place.open();
    expect(words(queue)).toMatch(/is damaged.*from the file itself, which could not be read whole/);
    await expectWhole(queue, taskCount);
  });

  it("that lost its identity is known by the registry", async () => {
    const db = new DatabaseSync(path);
    db.exec("DELETE FROM queue");
    db.close();
    const queue = await place.open();
    expect(words(queue)).toContain("its identity is lost");
    await expectWhole(queue, taskCount);
  });

  it("that lost a table is rebuilt with what is left", async () => {
    const db = new DatabaseSync(path);
    db.exec("DROP TABLE attempts");
    db.close();
    const queue = await place.open();
    expect(words(queue)).toMatch(/no such table: attempts/);
    await expectWhole(queue, taskCount);
  });

  it("of nonsense comes back from the newest backup that is whole", async () => {
    backUp();
    const newer = join(dirname(path), "backups", "queue-99999.db");
    writeFileSync(newer, "nonsense");
    damage((bytes) => bytes.fill(0x20));
    const queue = await place.open();
    expect(words(queue)).toMatch(/Recovered: 40 tasks from the backup of .* what changed since is not in it/);
    await expectWhole(queue, taskCount);
  });

  it("of nonsense without a backup becomes an empty queue, and the user is told so", async () => {
    damage((bytes) => bytes.fill(0x20));
    const queue = await place.open();
    expect(words(queue)).toMatch(/No task could be recovered, and there is no backup/);
    await expectWhole(queue, 0);
  });

  it("is kept under the next number when there was one before", async () => {
    for (const number of [1, 2]) {
      damage((bytes) => bytes.fill(0x55, 0, 100));
      expect(words(await place.open())).toContain(`queue.db.damaged-${number}.`);
      await place.closeAll();
    }
  });
});

/** Where in the file the page of a task's row begins. */
function pageOf(name: string): number {
  const at = readFileSync(path).indexOf(`{"title":"Task ${name}"`);
  expect(at).toBeGreaterThan(pageBytes);
  return Math.floor(at / pageBytes) * pageBytes;
}

describe("a lost file", () => {
  it.each([
    ["deleted", "is gone", () => rmSync(path)],
    ["emptied", "was emptied", () => truncateSync(path)],
    ["replaced by another queue", "was replaced by another queue", replaceByOther],
    ["moved away with its folder's other files left", "is gone", () => renameSync(path, `${path}.elsewhere`)],
  ])("%s comes back from the backup", async (_, what, lose) => {
    backUp();
    lose();
    const queue = await place.open();
    expect(words(queue)).toMatch(new RegExp(`STORE_RECOVERED.*${what}.*Recovered: 40 tasks from the backup`));
    await expectWhole(queue, taskCount);
  });

  it("whose backup is another queue's is not taken for that one", async () => {
    mkdirSync(join(dirname(path), "backups"));
    replaceByOther();
    renameSync(path, join(dirname(path), "backups", "queue-5.db"));
    const queue = await place.open();
    expect(words(queue)).toMatch(/REGISTRY_STALE.*tasks are lost/);
    expect(await queue.store.list()).toEqual([]);
  });
});

/** Another queue of this program at the same place. */
function replaceByOther(): void {
  const db = new DatabaseSync(path);
  const other = `${path}.other`;
  db.prepare("VACUUM INTO ?").run(other);
  db.close();
  const copy = new DatabaseSync(other);
  copy.exec("UPDATE queue SET uuid = 'other'");
  copy.close();
  rmSync(path);
  renameSync(other, path);
}

describe("a write-ahead log", () => {
  /** What a process that is gone left. */
  const marker = (): string => `${path}.log-in-use-999999999-killed`;

  /** Leaves the files as a killed process does: with a log. */
  async function leaveLog(): Promise<void> {
    const queue = await place.open();
    for (let index = 0; index < 5; index += 1) await queue.store.insert(newTask(`w${index}x`), created);
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, join(place.temporary.dir, `kept${suffix}`));
    await place.closeAll();
    for (const suffix of ["", "-wal"]) renameSync(join(place.temporary.dir, `kept${suffix}`), path + suffix);
    writeFileSync(marker(), "");
  }

  it("that a killed process left is taken in without a word", async () => {
    await leaveLog();
    const queue = await place.open();
    expect(queue.warnings).toEqual([]);
    expect(await queue.store.list()).toHaveLength(taskCount + 5);
  });

  it("that the last of its processes takes in is not missed when another one was killed before", async () => {
    const queue = await place.open();
    await queue.store.insert(newTask("w0x"), created);
    writeFileSync(marker(), "");
    await place.closeAll();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect((await place.open()).warnings).toEqual([]);
  });

  it("that was removed is missed: the queue is used on, and the user is told that the newest may be missing", async () => {
    await leaveLog();
    rmSync(`${path}-wal`);
    const queue = await place.open();
    expect(words(queue)).toMatch(/STORE_RECOVERED.*-wal\) was removed while it was in use.*newest changes may be missing/);
    expect(await queue.store.list()).toHaveLength(taskCount);
    await place.closeAll();
    expect((await place.open()).warnings).toEqual([]);
  });

  it("that was removed while a process lives that uses it is not recovered over its head", async () => {
    const holder = await place.open();
    rmSync(`${path}-wal`);
    await expect(place.open()).rejects.toMatchObject({ code: "STORE_FAILED", message: expect.stringContaining(`process ${process.pid}`), retryable: true });
    await holder.store.close();
    expect((await place.open()).warnings).toEqual([]);
  });

  it("that was removed gives way to a backup that knows more", async () => {
    await leaveLog();
    backUp();
    rmSync(`${path}-wal`);
    rmSync(`${path}-shm`, { force: true });
    writeFileSync(marker(), "");
    const queue = await place.open();
    expect(words(queue)).toMatch(/a backup is newer than what is left/);
    await expectWhole(queue, taskCount + 5);
  });

  it.each([
    ["in its head", 8],
    ["in an entry", 32 + 24 + 100],
    ["in the head of an entry", 32 + 9],
  ])("that is damaged %s is kept, and all before the damage comes back", async (_, at) => {
    await leaveLog();
    const bytes = readFileSync(`${path}-wal`);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    writeFileSync(`${path}-wal`, bytes);
    const queue = await place.open();
    expect(words(queue)).toMatch(/write-ahead log is damaged|of its write-ahead log is damaged/);
    expect(readFileSync(`${path}.damaged-1-wal`)).toEqual(bytes);
    await expectWhole(queue, taskCount);
  });

  it("that goes on behind its newest round with entries of an earlier one is whole", async () => {
    const queue = await place.open();
    const other = new DatabaseSync(path);
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 10 - 3 * round; index += 1) await queue.store.insert(newTask(`r${round}${index}`), created);
      other.exec("PRAGMA wal_checkpoint(RESTART)");
    }
    await queue.store.insert(newTask("last"), created);
    other.close();
    expect((await place.open()).warnings).toEqual([]);
  });
});

describe("what is no damage is left as it is:", () => {
  beforeEach(() => void backUp());

  it.each([
    ["a queue of a newer version", "STORE_TOO_NEW", /format 99/, () => change("PRAGMA user_version = 99")],
    ["a database of another program", "STORE_CORRUPT", /of another program/, putAnother],
  ])("%s", async (_, code, message, put) => {
    put();
    const before = readFileSync(path);
    await expect(place.open()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readFileSync(path)).toEqual(before);
    expect(here().filter((name) => /damaged|recovery|lost|replaced/.test(name))).toEqual([]);
  });

  function putAnother(): void {
    rmSync(path);
    change("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
  }

  function change(sql: string): void {
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
  }

  it.each([
    ["a file", () => path, 0o400],
    ["a folder", () => dirname(path), 0o500],
  ])("%s that may only be read", async (_, of, mode) => {
    for (const folder of [dirname(path), dirname(dirname(path)), dirname(dirname(dirname(path)))]) chmodSync(folder, 0o777);
    for (const name of ["queues.json", "queues.json.lock"]) chmodSync(join(place.temporary.dir, "task-master-goose", name), 0o666);
    if (of() !== path) chmodSync(path, 0o444);
    chmodSync(of(), of() === path ? 0o444 : 0o555);
    await asOrdinaryUser(async () => {
      await expect(place.open()).rejects.toMatchObject({ code: "STORE_FAILED" });
    });
    chmodSync(of(), mode | 0o700);
    chmodSync(path, 0o600);
    expect(here().filter((name) => /damaged|recovery/.test(name))).toEqual([]);
    expect(await (await place.open()).store.list()).toHaveLength(taskCount);
  });
});

describe("a recovery that was killed", () => {
  it.each([
    ["before anything was moved", () => undefined],
    ["in the middle of the move", () => renameSync(path, `${path}.damaged-1`)],
    [
      "in the middle of the rebuilding",
      () => {
        renameSync(path, `${path}.damaged-1`);
        writeFileSync(`${path}.rebuilding`, "half");
        writeFileSync(`${path}.salvaging`, "half");
      },
    ],
  ])("%s is ended by whoever comes next", async (_, stop) => {
    damage((bytes) => bytes.fill(0x55, 0, 100));
    writeFileSync(`${path}.recovery.json`, JSON.stringify({ what: "is damaged (test)", label: "damaged", uuid, aside: `${path}.damaged-1` }));
    stop();
    const queue = await place.open();
    expect(words(queue)).toMatch(/is damaged \(test\).*Recovered: 40 tasks/);
    expect(existsSync(`${path}.damaged-1`)).toBe(true);
    await expectWhole(queue, taskCount);
  });

  it.each([
    ["when the fresh file was in its place", true],
    ["when only the note was left", false],
  ])("%s is ended without loss", async (_, hasResult) => {
    damage((bytes) => bytes.fill(0x55, 0, 100));
    await place.open();
    await place.closeAll();
    writeFileSync(`${path}.recovery.json`, JSON.stringify({ what: "is damaged (test)", label: "damaged", uuid, aside: `${path}.damaged-1` }));
    if (hasResult) writeFileSync(`${path}.rebuilt`, JSON.stringify({ salvaged: { tasks: 40, isPartial: false } }));
    const queue = await place.open();
    expect(words(queue)).toMatch(/is damaged \(test\).*Recovered: 40 tasks/);
    expect(here().filter((name) => name.includes("damaged"))).toEqual(["queue.db.damaged-1"]);
    await expectWhole(queue, taskCount);
  });
});

describe("two that open a damaged queue together", () => {
  it("recover it once", async () => {
    damage((bytes) => bytes.fill(0x55, 0, 100));
    const both = await Promise.all([place.open(), place.open()]);
    expect(both.flatMap(({ warnings }) => warnings.map(({ code }) => code))).toEqual(["STORE_RECOVERED"]);
    expect(here().filter((name) => name.includes("damaged"))).toEqual(["queue.db.damaged-1"]);
    expect(both[0].store.uuid).toBe(both[1].store.uuid);
  });

  it("leave one that still has the bad file open to notice it, and what it writes is refused", async () => {
    const holder = await place.open();
    damage((bytes) => bytes.fill(0x55, 0, 100));
    const next = await place.open();
    expect(words(next)).toContain("STORE_RECOVERED");
    await expect(holder.store.insert(newTask("nowhere"), created)).rejects.toMatchObject({ code: "STORE_FAILED" });
    await place.closeAll();
    expect(await (await place.open()).store.list()).toHaveLength(taskCount);
  });
});
