import { expect, test } from "vitest";
import type { Attempt } from "../../../src/model/task.ts";
import { findPlace, type Place, type PlaceInJournal } from "../../../src/webview/findPlace.ts";
import { taskWith } from "../views/taskFixture.ts";
import { journal, say, taskId, tool } from "./journal.ts";

const attempt = { taskId, number: 1, worktree: "/trees/a", branch: "tm/1" } as Partial<Attempt> as Attempt;
const events = journal([
  say("a"),
  tool("c", { locations: [{ path: "src/a.ts", line: 3 }, { path: "/trees/a/src/b.ts" }, { path: "/etc/passwd" }], diffs: [{ path: "d.ts", newText: "" }] }),
]);

function look(wanted: Partial<PlaceInJournal>): Promise<Place | undefined> {
  const queue = {
    get: () => Promise.resolve(taskWith("a", { repository: "/repo" })),
    attempts: () => Promise.resolve([attempt]),
    events: (_: unknown, { afterSeq = 0, limit }: { afterSeq?: number; limit: number }) => Promise.resolve(events.slice(afterSeq, afterSeq + limit)),
  };
  return findPlace(queue, taskId, { toolCallId: "c", seq: 2, of: "location", index: 0, ...wanted });
}

test("finds what the journal has", async () => {
  expect(await look({})).toEqual({ path: "src/a.ts", line: 3, below: "src/a.ts", worktree: "/trees/a", branch: "tm/1", repository: "/repo" });
  expect(await look({ of: "diff" })).toMatchObject({ path: "d.ts" });
});

test("knows the same path below the worktree, and no other", async () => {
  expect(await look({ index: 1 })).toMatchObject({ path: "/trees/a/src/b.ts", below: "src/b.ts" });
  expect(await look({ index: 2 })).toMatchObject({ path: "/etc/passwd", below: "/etc/passwd" });
});

test.each([{ seq: 1 }, { seq: 9 }, { toolCallId: "other" }, { index: 3 }, { of: "diff", index: 1 }] as const)("finds nothing for %o", async (wanted) =>
  expect(await look(wanted)).toBeUndefined(),
);
