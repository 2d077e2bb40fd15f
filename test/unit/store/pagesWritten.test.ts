// How many pages a write puts into the log: each is written, summed up and brought to the disk, so they are what a write costs.
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openDatabase, type OpenedDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { claim, commitOk, completion, created, newAttempt, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

const pageBytes = 4096;
const frameHeadBytes = 24;
let temporary: TempDir;
let opened: OpenedDatabase;
let store: SqliteTaskStore;

beforeEach(async () => {
  temporary = createTempDir("task-master-pages-");
  opened = openDatabase(join(temporary.dir, "queue.db"));
  store = new SqliteTaskStore(opened);
  await store.insert(newTask("a"), created);
});
afterEach(async () => {
  await store.close();
  temporary.dispose();
});

/** The log is emptied before: what it then holds is the write's. */
async function pagesOf(write: () => Promise<unknown>): Promise<number> {
  opened.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  await write();
  return Math.floor(statSync(`${opened.path}-wal`).size / (pageBytes + frameHeadBytes));
}

it("a claim writes the row, the attempt, the line, the leases, and the journal with its index", async () => {
  expect(await pagesOf(() => commitOk(store, claim(newTask("a"))))).toBe(6);
});

it("a step of a running task leaves the line and the leases alone", async () => {
  const { task } = await commitOk(store, claim(newTask("a")));
  const step = { type: "checkpoint", step: "prepared", attempt: 1, at: 2500 } as const;
  const write = { task, token: 1, attempt: newAttempt(task, { steps: ["prepared"] }), events: [step] };
  expect(await pagesOf(() => commitOk(store, write))).toBe(4);
  expect(await store.get(taskId("a"))).toMatchObject({ lease: task.lease, status: "in_progress", version: task.version + 1 });
});

it("an end of a task that was no more in the line writes the row, the leases, and the journal with its index", async () => {
  const { task } = await commitOk(store, claim(newTask("a")));
  expect(await pagesOf(() => commitOk(store, completion(task)))).toBe(4);
});
