import { expect, test } from "vitest";
import type { EventBatch } from "../../../src/engine/ports.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { NewTaskEvent, TaskEvent } from "../../../src/model/taskEvent.ts";
import { AppendQueue } from "../../../src/store/appendQueue.ts";

/** What was written, a list for each transaction that held, with its durability in front. */
let written: string[][];

function queue(failing: Readonly<Record<string, number>> = {}): AppendQueue {
  written = [];
  let open: string[] = [];
  return new AppendQueue({
    transaction: (durability, work) => {
      open = [durability];
      const result = work();
      written.push(open);
      return result;
    },
    write: ({ taskId, events }) => {
      if (taskId in failing) throw Object.assign(new Error(`${taskId} fails`), { errcode: failing[taskId] });
      open.push(`${taskId} ${events.length}`);
      return taskId === "lost" ? undefined : (events as TaskEvent[]);
    },
    toError: (error) => error,
  });
}

const log: NewTaskEvent = { type: "log", level: "info", message: "", attempt: 1, at: 1 };
const batch = (taskId: string, count = 1, event: NewTaskEvent = log): EventBatch => ({
  taskId: taskId as TaskId,
  token: 1,
  events: Array.from({ length: count }, () => event),
});

test("what came in one turn is one transaction, in order; each hears of its own", async () => {
  const appends = queue();
  const results = await Promise.all([appends.append(batch("a", 2)), appends.append(batch("lost")), appends.append(batch("b"))]);
  expect(results.map((events) => events?.length)).toEqual([2, undefined, 1]);
  expect(written).toEqual([["normal", "a 2", "lost 1", "b 1"]]);
});

test("a transaction is short: what is more waits for the next turn", async () => {
  const appends = queue();
  const all = ["a", "b", "c"].map((id) => appends.append(batch(id, 30)));
  const large = appends.append(batch("d", 1_000));
  await all[0];
  expect(written).toEqual([["normal", "a 30", "b 30"]]);
  await large;
  expect(written.slice(1)).toEqual([
    ["normal", "c 30"],
    ["normal", "d 1000"],
  ]);
});

test("a checkpoint is durable at once, behind what came before it", () => {
  const appends = queue();
  void appends.append(batch("a"));
  void appends.append(batch("b", 1, { type: "checkpoint", step: "session", attempt: 1, at: 1 }));
  void appends.append(batch("c"));
  expect(written).toEqual([
    ["normal", "a 1"],
    ["full", "b 1"],
  ]);
  appends.flush();
  expect(written.at(-1)).toEqual(["normal", "c 1"]);
});

test("one that fails hits no other", async () => {
  const appends = queue({ bad: 1 });
  const results = await Promise.allSettled([appends.append(batch("a")), appends.append(batch("bad")), appends.append(batch("b"))]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(written).toEqual([
    ["normal", "a 1"],
    ["normal", "b 1"],
  ]);
});

test("a lock that another program holds is waited for once, not for each", async () => {
  const appends = queue({ bad: 5 });
  const results = await Promise.allSettled([appends.append(batch("a")), appends.append(batch("bad")), appends.append(batch("b"))]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(written).toEqual([]);
});
