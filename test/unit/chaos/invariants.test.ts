/** A check that finds nothing ever proves nothing: each rule is broken once by hand. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Task } from "../../../src/model/task.ts";
import { inspect } from "../../chaos/invariants.ts";
import { openEffects, trailerOf } from "../../chaos/fakeWorld.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { TestEngine } from "../../helpers/testEngine.ts";

let folder: TempDir;
let t: TestEngine;
let done: Task;
let waiting: Task;
beforeEach(async () => {
  folder = createTempDir("invariants-");
  t = new TestEngine({ database: `${folder.dir}/queue.db` });
  done = await t.add("first");
  waiting = await t.add("second", { dependsOn: [done.id] });
  const { finished } = await t.engine.run(done.id);
  await finished;
  effect("INSERT INTO commits VALUES ('c0ffee', 'tm/first', 'base', ?, 1)", trailerOf(done.id, 1));
});
afterEach(async () => {
  await t.close();
  folder.dispose();
});

const look = (more: { isSettled?: boolean; ids?: readonly Task["id"][] } = {}): readonly string[] =>
  inspect({ database: `${folder.dir}/queue.db`, effects: `${folder.dir}/effects.db`, ids: [done.id, waiting.id], isSettled: false, ...more }).violations;

function effect(sql: string, ...values: string[]): void {
  const effects = openEffects(`${folder.dir}/effects.db`);
  effects.prepare(sql).run(...values);
  effects.close();
}

function forge(sql: string): void {
  using db = new DatabaseSync(`${folder.dir}/queue.db`);
  db.exec(sql);
}

const addEvent = (task: Task, type: string, body: object = {}, writer = "another"): void =>
  forge(`INSERT INTO events (task_id, seq, attempt, at, type, body, writer)
    SELECT '${task.id}', max(seq) + 1, 1, 1, '${type}', '${JSON.stringify(body)}', '${writer}' FROM events WHERE task_id = '${task.id}'`);

test("a queue in order has no violations", () => {
  expect(look()).toEqual([]);
});

describe("a violation is found:", () => {
  test.each<[string, () => void, string]>([
    ["a second completion", () => addEvent(done, "completed", { summary: "", unblocked: [] }), "with 2 completions"],
    ["a gap in a journal", () => forge(`DELETE FROM events WHERE task_id = '${done.id}' AND seq = 3`), "has the number 4"],
    ["a late writer", () => addEvent(done, "message", { role: "agent", messageId: "m", text: "late" }), "does not hold the lease"],
    ["a step done again", () => addEvent(done, "checkpoint", { step: "committed" }), "committed of attempt 1 is done again"],
    ["an impossible step", () => addEvent(waiting, "resumed", { owner: "x" }), '"resumed" at 3 in status todo'],
    ["a status that the journal does not tell", () => forge(`UPDATE tasks SET status = 'failed' WHERE id = '${waiting.id}'`), "its journal says todo"],
    [
      "a lease without a run",
      () => forge(`UPDATE tasks SET lease_owner = 'x', lease_token = 0, lease_expires_at = 1 WHERE id = '${waiting.id}'`),
      "with a lease",
    ],
    [
      "a lease behind the fence",
      () => forge(`UPDATE tasks SET lease_owner = 'x', lease_token = 7, lease_expires_at = 1 WHERE id = '${done.id}'`),
      "behind the fence",
    ],
    ["a lost attempt", () => forge(`DELETE FROM attempts WHERE task_id = '${done.id}'`), "with 0 completed attempts"],
    ["a second commit", () => effect("INSERT INTO commits VALUES ('decaf', 'tm/first', 'c0ffee', ?, 1)", trailerOf(done.id, 1)), "2 commits"],
    ["a commit that was not made", () => effect("DELETE FROM commits"), "recorded commits c0ffee, made "],
    ["a dependant unblocked twice", () => addEvent(waiting, "unblocked", { by: done.id }), "was unblocked 2 times"],
    ["a dependant that was not told", () => forge(`DELETE FROM events WHERE task_id = '${waiting.id}' AND type = 'unblocked'`), "does not tell"],
    ["a task blocked by nothing", () => forge(`UPDATE tasks SET status = 'blocked' WHERE id = '${waiting.id}'`), "is blocked by nothing"],
  ])("%s", (_what, damage, message) => {
    damage();
    expect(look().join("\n")).toContain(message);
  });

  test("a lost task", () => {
    expect(look({ ids: [done.id, "zzzzzzzz" as Task["id"]] })).toEqual(["task zzzzzzzz: lost"]);
  });

  test("a task that did not come to its end", () => {
    expect(look({ isSettled: true })).toEqual([`task ${waiting.id}: ends as todo`]);
  });
});
