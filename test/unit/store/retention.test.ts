import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskStatus } from "../../../src/model/task.ts";
import type { NewTaskEvent, TaskEvent } from "../../../src/model/taskEvent.ts";
import { noUsage } from "../../../src/model/usage.ts";
import { openDatabase, type OpenedDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { claim, created, logEvent, newTask, taskId } from "../../contract/taskStoreFixtures.ts";

let opened: OpenedDatabase;
let store: SqliteTaskStore;
beforeEach(() => {
  opened = openDatabase(":memory:");
  store = new SqliteTaskStore(opened);
});
afterEach(() => store.close());

const told = (count: number): NewTaskEvent[] => Array.from({ length: count }, (_, index) => logEvent(`line ${index}`));
const typesOf = async (name: string): Promise<string[]> => (await eventsOf(name)).map(({ type }) => type);
const eventsOf = (name: string): Promise<readonly TaskEvent[]> => store.events(taskId(name), { limit: 10_000 });

/** A task that was worked on and ended at a time. */
async function ended(name: string, { at, status = "done", lines = 5 }: { at: number; status?: TaskStatus; lines?: number }): Promise<void> {
  const task = newTask(name);
  await store.insert(task, created);
  const claimed = await store.commit(claim(task));
  if (!claimed.ok) throw new Error(claimed.reason);
  await store.append({ taskId: task.id, token: 1, events: told(lines) });
  await store.append({
    taskId: task.id,
    token: 1,
    events: [
      { type: "message", role: "agent", messageId: "m", text: "I did it.", attempt: 1, at: 3000 },
      { type: "usage", usage: noUsage, attempt: 1, at: 3000 },
      { type: "progress_update", progress: { percent: 50, message: "half" }, attempt: 1, at: 3000 },
      { type: "tool_call", call: { toolCallId: "c", title: "ls" }, attempt: 1, at: 3000 },
      { type: "checkpoint", step: "committed", attempt: 1, at: 3000 },
    ],
  });
  const stored = await store.get(task.id);
  if (stored === undefined) throw new Error("gone");
  const { lease: _lease, ...free } = stored;
  const result = await store.commit({
    task: { ...free, status, updatedAt: at },
    events: [{ type: "completed", summary: "Done.", unblocked: [], attempt: 1, at }],
  });
  if (!result.ok) throw new Error(result.reason);
}

async function compactAll(before: number): Promise<number> {
  let removed = 0;
  for (;;) {
    const slice = await store.compact(before, 99_000);
    removed += slice.removed;
    if (slice.isLast) return removed;
  }
}

describe("compaction", () => {
  it("keeps the row, the attempt and the entries that tell the story, and says how many went", async () => {
    await ended("a", { at: 5000 });
    const before = await store.get(taskId("a"));
    expect(await compactAll(6000)).toBe(9);
    const events = await eventsOf("a");
    expect(events.map(({ type, seq }) => [type, seq])).toEqual([
      ["created", 1],
      ["started", 2],
      ["checkpoint", 12],
      ["completed", 13],
      ["compacted", 14],
    ]);
    expect(events.at(-1)).toMatchObject({ removed: 9, attempt: 0, at: 99_000 });
    expect(await store.get(taskId("a"))).toEqual(before);
    expect(await store.attempts(taskId("a"))).toHaveLength(1);
  });

  it("happens once", async () => {
    await ended("a", { at: 5000 });
    await compactAll(6000);
    const before = await eventsOf("a");
    expect(await compactAll(6000)).toBe(0);
    expect(await eventsOf("a")).toEqual(before);
  });

  it("leaves alone what ended later, what has not ended and what was stopped", async () => {
    await ended("young", { at: 7000 });
    await ended("stopped", { at: 5000, status: "stopped" });
    await ended("paused", { at: 5000, status: "paused" });
    await store.insert(newTask("new"), [{ type: "created", attempt: 0, at: 1 }, ...told(3)]);
    expect(await compactAll(6000)).toBe(0);
  });

  it.each(["failed", "cancelled"] as const)("shortens what %s", async (status) => {
    await ended("a", { at: 5000, status });
    expect(await compactAll(6000)).toBe(9);
  });

  it("takes many entries in slices, with one entry for all of them", async () => {
    await ended("big", { at: 5000, lines: 2600 });
    await ended("next", { at: 5000 });
    const slices: number[] = [];
    for (let isLast = false; !isLast;) {
      const slice = await store.compact(6000, 99_000);
      slices.push(slice.removed);
      isLast = slice.isLast;
      if (slices.length === 1) expect(await typesOf("big")).not.toContain("compacted");
    }
    expect(slices).toEqual([1000, 1000, 613]);
    expect((await eventsOf("big")).filter(({ type }) => type === "compacted")).toMatchObject([{ removed: 2604 }]);
    expect(await typesOf("next")).toContain("compacted");
  });

  it("looks at every one of many tasks", async () => {
    for (let index = 0; index < 120; index += 1) await ended(`t${index}x`, { at: 5000, lines: 1 });
    expect(await compactAll(6000)).toBe(600);
  });

  it("never removes the newest entry of the table, and no number is given twice", async () => {
    await ended("a", { at: 5000 });
    const ids = (): number[] =>
      opened.db
        .prepare("SELECT id FROM events ORDER BY id")
        .all()
        .map((row) => Number(row["id"]));
    const before = ids();
    await compactAll(6000);
    await store.insert(newTask("b"), created);
    const fresh = ids().filter((id) => !before.includes(id));
    expect(Math.min(...fresh)).toBeGreaterThan(Math.max(...before));
  });

  it("lets pages of the journal go on over what is gone", async () => {
    await ended("a", { at: 5000 });
    await compactAll(6000);
    const page = await store.events(taskId("a"), { beforeSeq: 13, limit: 2 });
    expect(page.map(({ seq }) => seq)).toEqual([2, 12]);
    expect((await store.events(taskId("a"), { afterSeq: 2, limit: 2 })).map(({ seq }) => seq)).toEqual([12, 13]);
  });

  it("counts what went before when the task was worked on again", async () => {
    await ended("a", { at: 5000 });
    await compactAll(6000);
    const task = await store.get(taskId("a"));
    if (task === undefined) throw new Error("gone");
    await store.commit({ task, events: told(4) });
    expect(await compactAll(6000)).toBe(4);
    expect((await eventsOf("a")).findLast(({ type }) => type === "compacted")).toMatchObject({ removed: 13 });
  });
});
