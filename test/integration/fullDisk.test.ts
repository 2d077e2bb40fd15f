// A disk that is really full. Needs to mount one: as root, or by sudo without a password; only on a developer's machine it may be missing.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { storeRetryMs } from "../../src/engine/storeRetry.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { openQueue } from "../../src/store/openQueue.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { backUpQueue } from "../../src/worker/queue/backup.ts";
import { claim, created, logEvent, newTask, taskId } from "../contract/taskStoreFixtures.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { mountSmallDisk, type SmallDisk } from "../helpers/smallDisk.ts";
import { createTempRepo } from "../helpers/tempRepo.ts";
import { TestEngine } from "../helpers/testEngine.ts";

let disk: SmallDisk;
let path: string;
beforeEach((context: TestContext) => {
  const mounted = mountSmallDisk(4);
  if (mounted === undefined) return context.skip("This machine lets nobody mount a small disk: the tests of a full disk are left out (CI has them).");
  disk = mounted;
  path = join(disk.dir, "queue.db");
});
afterEach(() => disk.dispose());

const noRoom = { code: "DISK_FULL", retryable: true };
const long = "x".repeat(100_000);

describe("the store on a full disk", () => {
  it("refuses, keeps what it confirmed, and works again on the same connection", async () => {
    const store = new SqliteTaskStore(openDatabase(path));
    await store.insert(newTask("a"), created);
    await store.commit(claim(newTask("a")));
    disk.fill();
    await expect(store.insert(newTask("b", { prompt: long }), created)).rejects.toMatchObject(noRoom);
    await expect(store.append({ taskId: taskId("a"), token: 1, events: [logEvent(long)] })).rejects.toMatchObject(noRoom);
    expect((await store.list()).map(({ id }) => id)).toEqual([taskId("a")]);
    disk.free();
    await store.insert(newTask("b", { prompt: long }), created);
    expect(await store.append({ taskId: taskId("a"), token: 1, events: [logEvent(long)] })).toMatchObject([{ seq: 3 }]);
    await store.close();
    const db = new DatabaseSync(path);
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    db.close();
  });

  it("makes no backup that counts, and a whole one when there is room", async () => {
    const store = new SqliteTaskStore(openDatabase(path));
    for (let index = 0; index < 8; index += 1) await store.insert(newTask(`t${index}x`, { prompt: long }), created);
    disk.fill();
    const backUp = (): unknown => backUpQueue({ database: path, uuid: store.uuid, minAgeMs: 0, keep: 3 });
    expect(backUp).toThrow(expect.objectContaining(noRoom));
    expect(readdirSync(join(disk.dir, "backups"))).toEqual([]);
    disk.free();
    expect(backUp()).toMatchObject({ made: { path: join(disk.dir, "backups", "queue-8.db") } });
    await store.close();
  });

  it("cannot recover a damaged queue, says so, keeps it, and recovers it when there is room", async () => {
    using repo = createTempRepo();
    const open = (): ReturnType<typeof openQueue> => openQueue({ folder: repo.dir, dataDirectory: disk.dir });
    const { store, databasePath } = await open();
    for (let index = 0; index < 5; index += 1) await store.insert(newTask(`t${index}x`, { prompt: long }), created);
    await store.close();
    const db = new DatabaseSync(databasePath);
    db.exec("DELETE FROM queue");
    db.close();
    disk.fill();
    await expect(open()).rejects.toMatchObject({ code: "DISK_FULL" });
    disk.free();
    const queue = await open();
    expect(queue.warnings).toMatchObject([{ code: "STORE_RECOVERED", message: expect.stringContaining("5 tasks from the file itself") }]);
    expect(await queue.store.list()).toHaveLength(5);
    await queue.store.close();
  });
});

describe("a run on a full disk", () => {
  it("whose work is committed ends done as soon as there is room, and not before", async () => {
    const test = new TestEngine({ database: path });
    const task = await test.add("a");
    test.world.git.cleanup = () => {
      disk.fill();
      return Promise.resolve({});
    };
    const run = await test.engine.run(task.id);
    await waitFor(() => test.world.logged.some((line) => line.includes("trying again")), { what: "the refusal" });
    expect((await test.engine.get(task.id)).status).toBe("in_progress");
    disk.free();
    test.clock.advance(storeRetryMs);
    expect((await run.finished).status).toBe("done");
    expect(test.world.gitCalls.filter((verb) => verb === "commitAndPush")).toHaveLength(1);
    await test.close();
  });

  it("whose process is killed meanwhile is acknowledged by the next one without working again", async () => {
    const first = new TestEngine({ database: path, owner: "first" });
    const task = await first.add("a");
    first.world.git.cleanup = () => {
      disk.fill();
      return Promise.resolve({});
    };
    const run = await first.engine.run(task.id);
    await waitFor(() => first.world.logged.some((line) => line.includes("trying again")), { what: "the refusal" });
    await first.engine.stopEngine();
    await run.finished;
    disk.free();
    const second = new TestEngine({ database: path, owner: "second" });
    second.world.goneOwners = ["first"];
    await second.engine.start();
    await waitFor(async () => (await second.engine.get(task.id)).status === "done", { what: "the acknowledgement" });
    expect([second.world.turns.length, second.world.gitCalls.includes("commitAndPush")]).toEqual([0, false]);
    await second.close();
    await first.store.close();
  });
});
