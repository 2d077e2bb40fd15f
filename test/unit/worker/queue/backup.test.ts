import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listBackups, openNewestBackup } from "../../../../src/store/backups.ts";
import { openDatabase } from "../../../../src/store/openDatabase.ts";
import { queueSize, sizeText } from "../../../../src/store/queueSize.ts";
import { SqliteTaskStore } from "../../../../src/store/sqliteTaskStore.ts";
import { backUpQueue } from "../../../../src/worker/queue/backup.ts";
import { checkQueue } from "../../../../src/worker/queue/check.ts";
import { created, newTask } from "../../../contract/taskStoreFixtures.ts";
import { createTempDir, type TempDir } from "../../../helpers/tempRepo.ts";

let temporary: TempDir;
let database: string;
let store: SqliteTaskStore;
beforeEach(async () => {
  temporary = createTempDir("task-master-backup-");
  database = join(temporary.dir, "queue.db");
  store = new SqliteTaskStore(openDatabase(database));
  await store.insert(newTask("a"), created);
});
afterEach(async () => {
  await store.close();
  temporary.dispose();
});

const folder = (): string => join(temporary.dir, "backups");
const names = (): string[] => readdirSync(folder()).toSorted();
const backUp = (minAgeMs = 0, uuid = store.uuid): ReturnType<typeof backUpQueue> => backUpQueue({ database, uuid, minAgeMs, keep: 3 });
/** Makes every backup look older, so that their order is certain. */
function age(): void {
  for (const { path, madeAt } of listBackups(database)) utimesSync(path, madeAt / 1000 - 60, madeAt / 1000 - 60);
}

describe("queue.backup", () => {
  it("makes a private copy of the open queue that is whole and a file of its own", () => {
    const { made } = backUp();
    expect(made).toMatchObject({ path: join(folder(), "queue-1.db"), size: statSync(made?.path ?? "").size });
    expect([statSync(folder()).mode & 0o777, statSync(made?.path ?? "").mode & 0o777]).toEqual([0o700, 0o600]);
    const good = openNewestBackup(database, store.uuid);
    expect(good?.db.prepare("SELECT count(*) AS tasks FROM tasks").get()).toEqual({ tasks: 1 });
    good?.db.close();
    expect(names()).toEqual(["queue-1.db"]);
  });

  it("is not made again for the same contents, nor while the newest is young", async () => {
    backUp();
    expect(backUp()).toEqual({});
    await store.insert(newTask("b"), created);
    expect(backUp(60_000)).toEqual({});
    expect(backUp(0).made?.path).toMatch(/queue-2\.db$/);
  });

  it("keeps the newest three", async () => {
    for (const name of ["b", "c", "d", "e"]) {
      await store.insert(newTask(name), created);
      backUp();
      age();
    }
    expect(names()).toEqual(["queue-3.db", "queue-4.db", "queue-5.db"]);
  });

  it("counts for nothing when it was left half made, and is removed later", () => {
    backUp();
    const [half, fresh] = [join(folder(), "half-1-1.tmp"), join(folder(), "half-2-2.tmp")];
    for (const file of [half, fresh]) writeFileSync(file, "half");
    utimesSync(half, 1, 1);
    expect(listBackups(database)).toHaveLength(1);
    backUp();
    expect([existsSync(half), existsSync(fresh)]).toEqual([false, true]);
  });

  it("of a damaged queue, or of another one, is none", async () => {
    expect(() => backUp(0, "other")).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
    for (let index = 0; index < 50; index += 1) await store.insert(newTask(`t${index}x`, { prompt: "x".repeat(2000) }), created);
    await store.close();
    const bytes = readFileSync(database);
    writeFileSync(database, bytes.fill(0xff, 8192));
    expect(() => backUp()).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
    expect(names()).toEqual([]);
  });

  it("that cannot be made is told, and the queue goes on", async () => {
    writeFileSync(folder(), "in the way");
    expect(() => backUp()).toThrow(expect.objectContaining({ code: "STORE_FAILED", retryable: true }));
    await store.insert(newTask("b"), created);
    rmSync(folder());
  });
});

describe("queue.check", () => {
  it("finds nothing in a whole queue, also while it is written", () => expect(checkQueue({ database })).toEqual({}));

  it("names damage in a page that nobody read, and what is no database", async () => {
    for (let index = 0; index < 50; index += 1) await store.insert(newTask(`t${index}x`, { prompt: "x".repeat(2000) }), created);
    await store.close();
    const bytes = readFileSync(database);
    writeFileSync(database, bytes.fill(0xff, bytes.length - 8192, bytes.length - 4096));
    expect(checkQueue({ database }).damage).toEqual(expect.any(String));
    writeFileSync(database, "nonsense ".repeat(1000));
    expect(checkQueue({ database }).damage).toContain("not a database");
  });

  it("fails where there is nothing to look at", () => {
    expect(() => checkQueue({ database: join(temporary.dir, "none.db") })).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
  });

  it("leaves the locks of the open queue as they are", () => {
    checkQueue({ database });
    backUp();
    const holder = new DatabaseSync(database);
    holder.exec("PRAGMA busy_timeout = 0");
    holder.exec("BEGIN IMMEDIATE");
    expect(() => openDatabase(database, { busyTimeoutMs: 1 }).db.exec("BEGIN IMMEDIATE")).toThrow(/locked/);
    holder.close();
  });
});

describe("the size of a queue", () => {
  it("is told with its backups", () => {
    expect(sizeText(queueSize(database))).toMatch(/^0\.\d MB, no backup yet$/);
    backUp();
    expect(sizeText(queueSize(database))).toMatch(/^0\.\d MB, 1 backup \(0\.\d MB, the newest of 2\d{3}-/);
  });
});
