// Faults that happen while the queue is open: each is told once, and nothing is confirmed that would not be found again.
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskMasterError } from "../../../src/model/errors.ts";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { isSuspect, TroubleSource } from "../../../src/store/trouble.ts";
import { claim, created, logEvent, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let temporary: TempDir;
let path: string;
let store: SqliteTaskStore;
let troubles: TaskMasterError[];

beforeEach(async () => {
  temporary = createTempDir("task-master-open-");
  path = join(temporary.dir, "queue.db");
  troubles = [];
  store = new SqliteTaskStore(openDatabase(path), { pollMs: 5, onTrouble: (error) => troubles.push(error) });
  await store.insert(newTask("a"), created);
  await store.commit(claim(newTask("a")));
});
afterEach(async () => {
  await store.close();
  temporary.dispose();
});

/** Other file, same path. */
function replace(): void {
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
}

/** As `cp` does: the file stays the same one. */
function writeOver(): void {
  const other = new DatabaseSync(join(temporary.dir, "other.db"));
  other.exec("CREATE TABLE theirs (a); BEGIN");
  for (let index = 0; index < 300; index += 1) other.exec(`INSERT INTO theirs VALUES ('${"x".repeat(1000)}')`);
  other.exec("COMMIT");
  other.close();
  writeFileSync(path, readFileSync(join(temporary.dir, "other.db")));
}

const faults: [string, () => void, RegExp][] = [
  ["deleted", () => rmSync(path), /was removed while it was open/],
  ["moved away", () => renameSync(path, `${path}.away`), /was removed while it was open/],
  ["replaced", replace, /was replaced while it was open/],
  ["emptied", () => truncateSync(path), /was emptied while it was open/],
  ["robbed of its write-ahead log", () => rmSync(`${path}-wal`), /write-ahead log.*nothing is lost yet/],
  ["robbed of the log's index", () => rmSync(`${path}-shm`), /write-ahead log.*nothing is lost yet/],
];

describe.each(faults)("a queue that is %s", (_, fault, message) => {
  it("takes no state, no journal and no heartbeat any more, and tells once", async () => {
    fault();
    const refused = expect.objectContaining({ code: "STORE_FAILED", message: expect.stringMatching(message) });
    await expect(store.insert(newTask("b"), created)).rejects.toEqual(refused);
    await expect(store.append({ taskId: taskId("a"), token: 1, events: [logEvent("one")] })).rejects.toEqual(refused);
    await expect(store.renewLease(taskId("a"), 1, 9000)).rejects.toEqual(refused);
    expect(troubles).toEqual([refused]);
  });

  it("is noticed when nothing is written", async () => {
    store.onDidChangeElsewhere(() => undefined);
    fault();
    await waitFor(() => troubles.length > 0, { what: "the trouble" });
    expect(troubles).toMatchObject([{ code: "STORE_FAILED", message: expect.stringMatching(message) }]);
  });
});

describe("a queue that is written over", () => {
  it("is noticed though the file is the same and SQLite has its pages in memory", async () => {
    openDatabase(path).db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    writeOver();
    await expect(store.insert(newTask("b"), created)).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_/) });
    expect(troubles).toHaveLength(1);
  });

  it("with other bytes is told as damaged, and looked at when it is opened the next time", async () => {
    openDatabase(path).db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const { length } = readFileSync(path);
    writeFileSync(path, Buffer.alloc(length, 0x55));
    store.onDidChangeElsewhere(() => undefined);
    await waitFor(() => troubles.length > 0, { what: "the trouble" });
    expect(troubles).toMatchObject([{ code: "STORE_CORRUPT" }]);
    expect(isSuspect(path)).toBe(true);
  });
});

describe("a queue that is cut", () => {
  async function grow(): Promise<void> {
    for (let index = 0; index < 30; index += 1) await store.insert(newTask(`g${index}x`, { prompt: "p".repeat(3000) }), created);
    openDatabase(path).db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  it("is noticed", async () => {
    await grow();
    await store.renewLease(taskId("a"), 1, 9000);
    truncateSync(path, 40_960);
    store.onDidChangeElsewhere(() => undefined);
    await waitFor(() => troubles.length > 0, { what: "the trouble" });
    await expect(store.insert(newTask("b"), created)).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_/) });
  });

  it("by a tool that tidied it up is no trouble", async () => {
    await grow();
    const tool = new DatabaseSync(path);
    tool.exec("DELETE FROM tasks WHERE id LIKE 'g%'; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    tool.close();
    await store.insert(newTask("b"), created);
    expect(troubles).toEqual([]);
  });
});

describe("a queue that a newer version brought to its format", () => {
  const upgrade = (): void => {
    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
  };

  it("is not written by the older one any more", async () => {
    upgrade();
    await expect(store.insert(newTask("b"), created)).rejects.toMatchObject({ code: "STORE_TOO_NEW", message: expect.stringContaining("reload windows") });
    expect(await store.list()).toHaveLength(1);
    expect(troubles).toMatchObject([{ code: "STORE_TOO_NEW" }]);
  });

  it("is noticed when nothing is written", async () => {
    store.onDidChangeElsewhere(() => undefined);
    upgrade();
    await waitFor(() => troubles.length > 0, { what: "the trouble" });
    expect(troubles).toMatchObject([{ code: "STORE_TOO_NEW" }]);
  });
});

describe("what is no trouble of the queue", () => {
  it("is a checkpoint by itself or by others", async () => {
    store.onDidChangeElsewhere(() => undefined);
    const other = openDatabase(path);
    for (let index = 0; index < 20; index += 1) {
      await store.insert(newTask(`n${index}x`), created);
      other.db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    }
    other.close();
    expect(troubles).toEqual([]);
  });

  it("is the end of another connection, and the log stays until the last one ends", async () => {
    openDatabase(path).close();
    await store.insert(newTask("b"), created);
    expect(troubles).toEqual([]);
  });

  it("a log that was removed comes back in full when the queue is closed", async () => {
    rmSync(`${path}-wal`);
    await store.close();
    store = new SqliteTaskStore(openDatabase(path));
    expect(await store.list()).toMatchObject([{ id: taskId("a"), status: "in_progress" }]);
  });
});

it("tells a late listener of the troubles that were before", () => {
  const source = new TroubleSource(() => undefined);
  const heard: string[] = [];
  store.reportDamage("page 7");
  source.tell(troubles[0] as TaskMasterError);
  source.event(({ message }) => heard.push(message));
  expect(heard).toEqual([expect.stringMatching(/is damaged \(page 7\)\. Reload the window/)]);
});
