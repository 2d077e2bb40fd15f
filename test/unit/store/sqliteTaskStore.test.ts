import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import type { TaskEvent } from "../../../src/model/taskEvent.ts";
import { openDatabase, type OpenedDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { candidatesSql, dependantsSql, filteredCandidatesSql, leasedSql, releasableSql, straysSql } from "../../../src/store/statements.ts";
import { claim, completion, created, logEvent, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let temporary: TempDir;
let opened: OpenedDatabase;
let store: SqliteTaskStore;
let badRows: TaskMasterError[];
let errors: unknown[];

beforeEach(() => {
  temporary = createTempDir("task-master-store-");
  badRows = [];
  errors = [];
  [opened, store] = openStore();
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  temporary.dispose();
});

function openStore(): [OpenedDatabase, SqliteTaskStore] {
  const database = openDatabase(join(temporary.dir, "queue.db"));
  return [database, new SqliteTaskStore(database, { onBadRow: (error) => badRows.push(error), onError: (error) => errors.push(error) })];
}

async function insertAndClaim(): Promise<Task> {
  await store.insert(newTask("a"), created);
  await store.commit(claim(newTask("a")));
  return (await store.get(taskId("a"))) ?? expect.fail("no task");
}

describe("query plans", () => {
  const planOf = (sql: string, ...values: (string | number)[]): string =>
    opened.db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map((row) => String(row["detail"]))
      .join("; ");

  it("walk the index for the next task, without sorting", () => {
    const plan = planOf(candidatesSql, 0, 50);
    expect(plan).toContain("SEARCH tasks USING INDEX tasks_line (status=? AND priority=?)");
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN/);
  });

  it("walk the same index for the next task that fits a filter, without sorting", () => {
    const plan = planOf(filteredCandidatesSql, 0, 50, '["a"]', "[]");
    expect(plan).toContain("SEARCH tasks USING INDEX tasks_line (status=? AND priority=?)");
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN tasks/);
  });

  it("of tasks that no longer wait leave the line alone", async () => {
    await store.insert(newTask("a"), created);
    await store.commit(claim(newTask("a")));
    expect(opened.db.prepare("SELECT count(*) AS waiting FROM tasks INDEXED BY tasks_line WHERE status = 'todo' OR status = 'blocked'").get()).toEqual({
      waiting: 0,
    });
  });

  it("search leased tasks and dependants by index", () => {
    expect(planOf(leasedSql)).toMatch(/USING INDEX tasks_leased/);
    expect(planOf(releasableSql, "a")).toMatch(/SEARCH d USING (COVERING )?INDEX dependencies_reverse \(depends_on=\?\)/);
    expect(planOf(releasableSql, "a")).not.toContain("SCAN");
    expect(planOf(dependantsSql, "a")).toMatch(/SEARCH d USING COVERING INDEX dependencies_reverse \(depends_on=\?\)/);
    expect(planOf(dependantsSql, "a")).not.toContain("SCAN");
  });

  it("walk only the blocked tasks for those that wait for nothing, without sorting", () => {
    const plan = planOf(straysSql, 50);
    expect(plan).toContain("SEARCH t USING INDEX tasks_line (status=?)");
    expect(plan).toMatch(/SEARCH o USING PRIMARY KEY \(task_id=\?\)/);
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN/);
  });
});

describe("damaged rows", () => {
  beforeEach(async () => {
    await insertAndClaim();
    await store.insert(newTask("b"), created);
  });

  it.each([
    ["body = 'nonsense'", "no JSON"],
    ["body = '[]'", "no object"],
    ["body = '{}'", "without fields"],
    ["status = 'strange'", "unknown status"],
    ["priority = 9", "unknown priority"],
    ["progress = '{}'", "no progress"],
  ])("with %s are named, and the others can be read", async (change) => {
    opened.db.exec(`UPDATE tasks SET ${change} WHERE id = 'a0000000'`);
    await expect(store.get(taskId("a"))).rejects.toMatchObject({ code: "STORE_CORRUPT", message: expect.stringContaining("a0000000") });
    expect((await store.list()).map(({ id }) => id)).toEqual([taskId("b")]);
    expect(badRows).toMatchObject([{ code: "STORE_CORRUPT", message: expect.stringContaining("a0000000") }]);
  });

  it("take no place in the line", async () => {
    await store.insert(newTask("c", { createdAt: 999 }), created);
    opened.db.exec("UPDATE tasks SET body = '{' WHERE id = 'c0000000'");
    expect((await store.candidates(0, 1)).map(({ id }) => id)).toEqual([taskId("b")]);
    expect(badRows).toMatchObject([{ message: expect.stringContaining("c0000000") }]);
  });

  it("do not keep their task from being written anew", async () => {
    opened.db.exec("UPDATE tasks SET body = '{', progress = '{' WHERE id = 'a0000000'");
    const task = { ...claim(newTask("a", { version: 2 })).task };
    expect(await store.commit({ task, token: 1, events: [] })).toMatchObject({ ok: true });
    expect(await store.get(task.id)).toMatchObject({ version: 3 });
  });

  it("fit no filter, and do not end the search", async () => {
    opened.db.exec("UPDATE tasks SET status = 'todo', body = '{' WHERE id = 'a0000000'");
    await store.insert(newTask("c", { tags: ["night"] }), created);
    expect((await store.candidates(0, 5, { requireTags: ["night"] })).map(({ id }) => id)).toEqual([taskId("c")]);
  });

  it("of dependants do not keep a task from being done", async () => {
    await store.insert(newTask("c", { status: "blocked", dependsOn: [taskId("b")] }), created);
    opened.db.exec("UPDATE tasks SET body = '{' WHERE id = 'c0000000'");
    expect(await store.commit(completion(newTask("b")))).toMatchObject({ ok: true, unblocked: [] });
    expect(badRows).toHaveLength(1);
  });

  it("of the queue's state are named, count as not there and can be replaced", async () => {
    opened.db.exec("INSERT INTO queue_state VALUES ('a', '{'), ('b', '[]'), ('c', '{\"n\":1}')");
    expect([...(await store.states()).keys()]).toEqual(["c"]);
    expect(badRows).toMatchObject([{ code: "STORE_CORRUPT" }, { code: "STORE_CORRUPT" }]);
    expect(await store.replaceState("a", undefined, { n: 2 })).toBe(true);
    expect([...(await store.states()).keys()]).toEqual(["a", "c"]);
  });

  it("of attempts and events are named", async () => {
    opened.db.exec("UPDATE attempts SET body = '{}'");
    opened.db.exec("UPDATE events SET body = '{' WHERE seq = 1");
    await expect(store.attempts(taskId("a"))).rejects.toMatchObject({ code: "STORE_CORRUPT", message: expect.stringContaining("attempt 1 of task a0000000") });
    await expect(store.events(taskId("a"), { limit: 5 })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

describe("durability", () => {
  const synchronous = (): unknown => opened.db.prepare("PRAGMA synchronous").get()?.["synchronous"];

  it("is FULL for state and checkpoints, NORMAL for streams", async () => {
    await insertAndClaim();
    expect(synchronous()).toBe(2);
    await store.append({ taskId: taskId("a"), token: 1, events: [logEvent("one")] });
    expect(synchronous()).toBe(1);
    await store.append({ taskId: taskId("a"), token: 1, events: [{ type: "checkpoint", step: "prepared", attempt: 1, at: 1 }] });
    expect(synchronous()).toBe(2);
  });

  it("reports a full disk, keeps what was there and goes on when there is space again", async () => {
    await insertAndClaim();
    const pages = Number(opened.db.prepare("PRAGMA page_count").get()?.["page_count"]);
    opened.db.exec(`PRAGMA max_page_count = ${pages}`);
    const large = { taskId: taskId("a"), token: 1, events: [logEvent("x".repeat(100_000))] };
    await expect(store.append(large)).rejects.toMatchObject({ code: "DISK_FULL", retryable: true });
    await expect(store.insert(newTask("b", { prompt: "x".repeat(100_000) }), created)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await store.events(taskId("a"), { limit: 9 })).toHaveLength(2);
    opened.db.exec("PRAGMA max_page_count = 1000000");
    expect((await store.append(large))?.map(({ seq }) => seq)).toEqual([3]);
  });

  it("rolls back when the work of a transaction fails", async () => {
    await insertAndClaim();
    const event = { type: "log", level: "info", message: "no time", attempt: 1, at: "now" as unknown as number } as const;
    await expect(store.append({ taskId: taskId("a"), token: 1, events: [logEvent("one"), event] })).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(opened.db.isTransaction).toBe(false);
    expect(await store.events(taskId("a"), { limit: 9 })).toHaveLength(2);
  });
});

describe("two stores on one file", () => {
  it("let exactly one of them claim", async () => {
    const [, other] = openStore();
    await store.insert(newTask("a"), created);
    const [mine] = await store.candidates(0, 1);
    const [theirs] = await other.candidates(0, 1);
    const results = await Promise.all([store.commit(claim(mine ?? expect.fail())), other.commit(claim(theirs ?? expect.fail()))]);
    expect(results.map(({ ok }) => ok).filter(Boolean)).toEqual([true]);
    await other.close();
  });

  it("hear each other only while somebody listens, from then on, in order and each entry once", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const [, other] = openStore();
    const task = await insertAndClaim();
    const heard: TaskEvent[] = [];
    const batch = (text: string): Parameters<SqliteTaskStore["append"]>[0] => ({ taskId: task.id, token: 1, events: [logEvent(text)] });
    expect(vi.getTimerCount()).toBe(0);
    const first = other.onDidChangeElsewhere((events) => heard.push(...events));
    const second = other.onDidChangeElsewhere(() => {
      throw new Error("a listener's own");
    });
    expect(vi.getTimerCount()).toBe(1);

    vi.advanceTimersByTime(1000);
    expect(heard).toEqual([]);
    await store.append(batch("three"));
    await other.append(batch("four"));
    await store.append(batch("five"));
    vi.advanceTimersByTime(250);
    expect(heard.map(({ seq }) => seq)).toEqual([3, 5]);
    await other.append(batch("six"));
    vi.advanceTimersByTime(500);
    await store.append(batch("seven"));
    vi.advanceTimersByTime(250);
    expect(heard.map(({ seq }) => seq)).toEqual([3, 5, 7]);
    expect(errors).toHaveLength(2);

    first.dispose();
    first.dispose();
    second.dispose();
    expect(vi.getTimerCount()).toBe(0);
    await store.append(batch("eight"));
    other.onDidChangeElsewhere((events) => heard.push(...events));
    vi.advanceTimersByTime(250);
    expect(heard).toHaveLength(3);
    await other.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a removal", () => {
  const removed = { type: "removed", attempt: 0, at: 9 } as const;

  it("is heard by others, also when everything else of the task was never heard, and no entry gets an id a second time", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const [, other] = openStore();
    const heard: TaskEvent[] = [];
    other.onDidChangeElsewhere((events) => heard.push(...events));
    const task = await insertAndClaim();
    const idsOf = (): unknown[] =>
      opened.db
        .prepare("SELECT id FROM events ORDER BY id")
        .all()
        .map((row) => row["id"]);
    const before = idsOf();
    expect(await store.remove(task, removed)).toMatchObject({ ok: true });
    expect(idsOf()).toEqual([before.length + 1]);
    await store.insert(newTask("b"), created);
    expect(idsOf()).toEqual([before.length + 1, before.length + 2]);
    vi.advanceTimersByTime(250);
    expect(heard.map(({ type, taskId: id }) => [type, id])).toEqual([
      ["removed", taskId("a")],
      ["created", taskId("b")],
    ]);
    for (const table of ["tasks", "attempts", "dependencies"]) {
      expect(opened.db.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: table === "tasks" ? 1 : 0 });
    }
    await other.close();
  });

  it("passes over dependants whose rows are damaged", async () => {
    await store.insert(newTask("a"), created);
    await store.insert(newTask("b", { dependsOn: [taskId("a")] }), created);
    opened.db.exec("UPDATE tasks SET body = '{' WHERE id = 'b0000000'");
    expect(await store.remove(newTask("a"), removed)).toMatchObject({ ok: true, blocked: [] });
    expect(badRows).toHaveLength(1);
  });
});

it("a circle over a task whose row is damaged is told by its id", async () => {
  await store.insert(newTask("a"), created);
  await store.insert(newTask("b", { dependsOn: [taskId("a")] }), created);
  opened.db.exec("UPDATE tasks SET body = '{' WHERE id = 'b0000000'");
  const looped = store.commit({ task: newTask("a", { dependsOn: [taskId("b")] }), events: [] });
  await expect(looped).rejects.toMatchObject({ code: "DEPENDENCY_CYCLE", message: expect.stringContaining("-> b0000000 ->") });
});

it("two stores that add opposite dependencies on what both read before make no circle", async () => {
  const [, other] = openStore();
  const [a, b] = [newTask("a"), newTask("b")];
  for (const task of [a, b]) await store.insert(task, created);
  const results = await Promise.allSettled([
    store.commit({ task: { ...a, dependsOn: [b.id] }, events: [] }),
    other.commit({ task: { ...b, dependsOn: [a.id] }, events: [] }),
  ]);
  expect(results).toMatchObject([
    { status: "fulfilled", value: { ok: true } },
    { status: "rejected", reason: { code: "DEPENDENCY_CYCLE" } },
  ]);
  expect(await other.get(b.id)).toMatchObject({ dependsOn: [], status: "todo" });
  await other.close();
});

it("a store hears when another changes the queue's state, and not when only tasks change", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const [, other] = openStore();
  let heard = 0;
  other.onDidChangeStateElsewhere(() => heard++);
  other.onDidChangeElsewhere(() => undefined);
  await insertAndClaim();
  vi.advanceTimersByTime(250);
  expect(heard).toBe(0);
  await store.replaceState("a", undefined, { n: 1 });
  vi.advanceTimersByTime(500);
  expect(heard).toBe(1);
  await store.replaceState("a", { n: 1 }, undefined);
  vi.advanceTimersByTime(500);
  expect(heard).toBe(2);
  // As it was at the last look, but not since then: the store itself changed it in between.
  await other.replaceState("b", undefined, { n: 1 });
  await store.replaceState("b", { n: 1 }, undefined);
  vi.advanceTimersByTime(500);
  expect(heard).toBe(3);
  await other.close();
});

describe("the feed of changes must", () => {
  it("read long changes in pages, pass over damaged entries and stop when the listener closes the store", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const [, other] = openStore();
    await insertAndClaim();
    const pages: number[] = [];
    const subscription = other.onDidChangeElsewhere((events) => pages.push(events.length));
    const many = Array.from({ length: 1200 }, (_, index) => logEvent(String(index)));
    await store.append({ taskId: taskId("a"), token: 1, events: many });
    opened.db.exec("UPDATE events SET body = '{' WHERE seq = 10");
    vi.advanceTimersByTime(250);
    expect(pages).toEqual([499, 500, 200]);
    expect(errors).toMatchObject([{ code: "STORE_CORRUPT" }]);

    subscription.dispose();
    other.onDidChangeElsewhere(() => {
      pages.length = 0;
      void other.close();
    });
    await store.append({ taskId: taskId("a"), token: 1, events: many });
    vi.advanceTimersByTime(250);
    expect([pages, errors.length]).toEqual([[], 1]);
  });

  it("tell what a poll met and go on", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const [, other] = openStore();
    await insertAndClaim();
    const heard: TaskEvent[] = [];
    other.onDidChangeElsewhere((events) => heard.push(...events));
    opened.db.exec("ALTER TABLE events RENAME TO away");
    vi.advanceTimersByTime(250);
    expect(errors).toMatchObject([{ code: "STORE_FAILED" }]);
    opened.db.exec("ALTER TABLE away RENAME TO events");
    await store.append({ taskId: taskId("a"), token: 1, events: [logEvent("three")] });
    vi.advanceTimersByTime(250);
    expect(heard.map(({ seq }) => seq)).toEqual([3]);
    await other.close();
  });
});

it("reports a schema that does not fit", () => {
  opened.db.exec("DROP INDEX tasks_line");
  expect(() => new SqliteTaskStore(opened)).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
});
