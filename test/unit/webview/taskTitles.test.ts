import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import { viewBatchMs, type HostToView } from "../../../src/protocol/hostWebview.ts";
import { RunStream, type RunSource } from "../../../src/webview/runStream.ts";
import { withTitles } from "../../../src/webview/taskTitles.ts";
import { changeOf, taskWith } from "../views/taskFixture.ts";
import { journal, say, taskId } from "./journal.ts";

const [parser, gone] = ["parser00", "gone0000"] as TaskId[] as [TaskId, TaskId];
const task = taskWith("a", { id: taskId });
const named: readonly TaskEventBody[] = [
  { type: "blocked", by: [parser, gone] },
  { type: "dependencies", dependsOn: [parser] },
  { type: "unblocked", by: parser },
  { type: "unblocked" },
  { type: "completed", summary: "Done.", unblocked: [parser] },
  say("a word"),
];

/** A journal to which a test can add. */
function sourceOf(stored: TaskEvent[]): RunSource {
  return {
    get: (id) => {
      if (id === gone) return Promise.reject(new TaskMasterError("TASK_NOT_FOUND", "gone"));
      return Promise.resolve(id === parser ? taskWith("p", { id, title: "Write the parser" }) : task);
    },
    attempts: () => Promise.resolve([]),
    events: (_, { afterSeq = 0, beforeSeq = Infinity, types }) =>
      Promise.resolve(stored.filter(({ seq, type }) => seq > afterSeq && seq < beforeSeq && (types ?? [type]).includes(type))),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("tasks are named by their titles; one that is gone keeps its id; other events stay as they are", async () => {
  const stored = [...journal(named)];
  const events = await withTitles(sourceOf(stored)).events(taskId, { limit: 100 });
  expect(events).toEqual([
    { ...stored[0], by: ["“Write the parser”", gone] },
    { ...stored[1], dependsOn: ["“Write the parser”"] },
    { ...stored[2], by: "“Write the parser”" },
    stored[3],
    { ...stored[4], unblocked: ["“Write the parser”"] },
    stored[5],
  ]);
});

test.each([
  ["alone", [named[0]]],
  ["among others", [say("one", "1"), named[0], say("two", "2")]],
  ["at the end", [say("one", "1"), named[0]]],
])("the view gets them so too while the run goes on: %s", async (_where, bodies) => {
  const stored = [...journal([{ type: "created" }])];
  const posted: HostToView[] = [];
  const stream = new RunStream({
    taskId,
    source: () => Promise.resolve(withTitles(sourceOf(stored))),
    pending: () => undefined,
    post: (message) => posted.push(message),
    onTask: () => undefined,
    now: () => 0,
  });
  stream.ready();
  await vi.advanceTimersByTimeAsync(3 * viewBatchMs);
  const fresh = journal(bodies as TaskEventBody[], 2);
  stored.push(...fresh);
  stream.take(fresh.map((event) => changeOf(task, event)));
  await vi.advanceTimersByTimeAsync(3 * viewBatchMs);
  const shown = posted.flatMap((message) => (message.type === "append" ? message.events : []));
  expect(shown.map(({ seq }) => seq)).toEqual(fresh.map(({ seq }) => seq));
  expect(shown.find(({ type }) => type === "blocked")).toMatchObject({ by: ["“Write the parser”", gone] });
  stream.dispose();
});
