import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TaskChange } from "../../../src/engine/facade.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Attempt, Task } from "../../../src/model/task.ts";
import type { TaskEvent } from "../../../src/model/taskEvent.ts";
import { pageSize, viewBatchMs, type HostToView } from "../../../src/protocol/hostWebview.ts";
import { RunStream, type RunSource } from "../../../src/webview/runStream.ts";
import { changeOf, taskWith } from "../views/taskFixture.ts";
import { journal, say, taskId, tool } from "./journal.ts";

const task: Task = taskWith("a", { id: taskId, status: "in_progress" });

const attempt: Attempt = {
  taskId,
  number: 1,
  token: 1,
  owner: "me",
  outcome: "running",
  startedAt: 0,
  steps: [],
  commits: [],
  usage: { inputTokens: 0, outputTokens: 0 },
};

/** A store of events and a stream on it that remembers what it posted. */
function makeStream(
  count: number,
  first?: TaskEvent,
  opened: Promise<void> = Promise.resolve(),
): { stream: RunStream; posted: HostToView[]; add: (count: number) => readonly TaskEvent[]; calls: string[] } {
  const stored: TaskEvent[] = [...journal(Array.from({ length: count }, (_, i) => say(`${i} `, `m${i}`)))];
  if (first !== undefined) stored[0] = first;
  const posted: HostToView[] = [];
  const calls: string[] = [];
  const source: RunSource = {
    get: () => Promise.resolve(task),
    attempts: () => Promise.resolve(first === undefined ? [] : [attempt]),
    events: (_, { afterSeq, beforeSeq, types, limit }) => {
      calls.push(afterSeq === undefined ? `before ${beforeSeq}` : `after ${afterSeq}`);
      const fitting = stored.filter(({ seq, type }) => seq > (afterSeq ?? 0) && seq < (beforeSeq ?? Infinity) && (types ?? [type]).includes(type));
      return Promise.resolve(beforeSeq === undefined ? fitting.slice(0, limit) : fitting.slice(-limit));
    },
  };
  const stream = new RunStream({
    taskId,
    source: () => opened.then(() => source),
    pending: () => undefined,
    post: (message) => posted.push(message),
    onTask: () => undefined,
    now: () => 0,
  });
  const add = (more: number): readonly TaskEvent[] => {
    const fresh = journal(
      Array.from({ length: more }, (_, i) => say("x ", `n${i}`)),
      stored.length + 1,
    );
    stored.push(...fresh);
    return fresh;
  };
  return { stream, posted, add, calls };
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(3 * viewBatchMs);
const changes = (events: readonly TaskEvent[]): readonly TaskChange[] => events.map((event) => changeOf(task, event));
const seqs = (message: HostToView | undefined): readonly number[] => (message !== undefined && "events" in message ? message.events.map(({ seq }) => seq) : []);
const ofType = (posted: readonly HostToView[], type: HostToView["type"]): readonly HostToView[] => posted.filter((message) => message.type === type);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("RunStream", () => {
  it("begins with the newest page and gives earlier ones on request", async () => {
    const { stream, posted } = makeStream(pageSize + 20);
    stream.ready();
    await settle();
    expect(posted[0]).toMatchObject({ type: "reset", firstSeq: 21 });
    expect(seqs(posted[0])).toHaveLength(pageSize);
    stream.loadOlder(21);
    await settle();
    expect(posted.at(-1)).toMatchObject({ type: "older", firstSeq: 1, beforeSeq: 21 });
    expect(seqs(posted.at(-1))).toHaveLength(20);
    stream.dispose();
  });

  it("sends what comes in batches, each event once", async () => {
    const { stream, posted, add } = makeStream(2);
    stream.ready();
    await settle();
    for (const change of changes(add(50))) stream.take([change]);
    await settle();
    const appended = ofType(posted, "append");
    expect(appended.flatMap(seqs)).toEqual(Array.from({ length: 50 }, (_, i) => i + 3));
    expect(appended.length).toBeLessThanOrEqual(2);
    stream.dispose();
  });

  it("loses nothing that comes while the page is loading", async () => {
    const { stream, posted, add } = makeStream(1);
    stream.ready();
    stream.take(changes(add(3)));
    await settle();
    expect(posted.flatMap(seqs).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    stream.dispose();
  });

  it("fills a gap from the store", async () => {
    const { stream, posted, add } = makeStream(1);
    stream.ready();
    await settle();
    stream.take(changes(add(4).slice(2)));
    await settle();
    expect(ofType(posted, "append").flatMap(seqs)).toEqual([2, 3, 4, 5]);
    stream.dispose();
  });

  it("begins anew when the view is far behind", async () => {
    const { stream, posted, add } = makeStream(1);
    stream.ready();
    await settle();
    stream.take(changes(add(2 * pageSize).slice(-1)));
    await settle();
    expect(ofType(posted, "reset")).toHaveLength(2);
    expect(seqs(ofType(posted, "reset")[1]).at(-1)).toBe(2 * pageSize + 1);
    stream.dispose();
  });

  it("sends nothing to a hidden view, and asks the store for nothing", async () => {
    const { stream, posted, add, calls } = makeStream(1);
    stream.ready();
    await settle();
    stream.suspend();
    const [before, asked] = [posted.length, calls.length];
    stream.take(changes(add(3)));
    await settle();
    expect([posted.length, calls.length]).toEqual([before, asked]);
    stream.ready();
    await settle();
    expect(seqs(posted.at(-1))).toEqual([1, 2, 3, 4]);
    stream.dispose();
  });

  it("reads an attempt's time from before the page and sends it behind the page", async () => {
    const started: TaskEvent = { taskId, seq: 1, attempt: 1, at: 100, type: "started", owner: "me" };
    const { stream, posted } = makeStream(pageSize + 20, started);
    stream.ready();
    await settle();
    expect(posted.map(({ type }) => type)).toEqual(["reset", "task"]);
    expect(posted[1]).toMatchObject({ attempts: [{ number: 1, active: { ms: 0, since: 100 } }] });
    stream.dispose();
  });

  it("joins pieces of one text, and says which entries they stand for", async () => {
    const { stream, posted } = makeStream(1);
    stream.ready();
    await settle();
    stream.take(changes(journal([say("a"), say("b"), say("c", "other"), tool("t", { outputDelta: "1" }), tool("t", { outputDelta: "2" })], 2)));
    await settle();
    const [append] = ofType(posted, "append");
    expect(append).toMatchObject({
      afterSeq: 1,
      lastSeq: 6,
      events: [
        { seq: 2, text: "ab" },
        { seq: 4, text: "c" },
        { seq: 5, call: { outputDelta: "12" } },
      ],
    });
    stream.dispose();
  });

  it("shows the page around an event, streams nothing meanwhile, and goes on live from the last newer page", async () => {
    const { stream, posted, add } = makeStream(3 * pageSize);
    stream.show(pageSize);
    await settle();
    expect(posted[0]).toMatchObject({ type: "reset", firstSeq: pageSize / 2, lastSeq: 1.5 * pageSize - 1, endSeq: 3 * pageSize });
    stream.take(changes(add(2)));
    await settle();
    expect(ofType(posted, "append")).toEqual([]);
    let from = 1.5 * pageSize - 1;
    for (let page = 0; page < 2; page++) {
      stream.loadNewer(from);
      await settle();
      const newer = ofType(posted, "newer").at(-1);
      expect(seqs(newer)[0]).toBe(from + 1);
      from = newer?.type === "newer" ? newer.lastSeq : 0;
    }
    expect(from).toBe(3 * pageSize + 2);
    stream.take(changes(add(1)));
    await settle();
    expect(ofType(posted, "append").flatMap(seqs)).toEqual([from + 1]);
    stream.dispose();
  });

  it("streams nothing to a view that reads, until it wants the newest page", async () => {
    const { stream, posted, add } = makeStream(2);
    stream.ready();
    await settle();
    stream.reading();
    stream.take(changes(add(2)));
    await settle();
    expect(ofType(posted, "append")).toEqual([]);
    stream.ready();
    await settle();
    expect(seqs(ofType(posted, "reset").at(-1))).toEqual([1, 2, 3, 4]);
    stream.dispose();
  });

  it("answers a view that asks again for the same place while the store is slow, once; later it may ask for it again", async () => {
    const opened = Promise.withResolvers<void>();
    const { stream, posted } = makeStream(3 * pageSize, undefined, opened.promise);
    stream.show(700);
    stream.show(700);
    opened.resolve();
    await settle();
    expect(ofType(posted, "reset")).toHaveLength(1);
    stream.ready();
    await settle();
    stream.show(700);
    await settle();
    expect(ofType(posted, "reset").map((message) => seqs(message)[0])).toEqual([450, 2 * pageSize + 1, 450]);
    stream.dispose();
  });

  it("tells the newest plan: from before the page, and whenever it changes", async () => {
    const entries = [{ text: "Look", status: "pending" }] as const;
    const { stream, posted } = makeStream(pageSize + 20, { taskId, seq: 1, attempt: 1, at: 0, type: "plan", entries });
    stream.ready();
    await settle();
    expect(posted.at(-1)).toEqual({ type: "plan", entries });
    const changed = [{ text: "Look", status: "completed" }] as const;
    stream.take(changes(journal([{ type: "plan", entries: changed }], pageSize + 21)));
    await settle();
    expect(ofType(posted, "plan").at(-1)).toEqual({ type: "plan", entries: changed });
    stream.dispose();
  });

  it("does nothing for a view that only asks whether anybody is there", async () => {
    const { stream, posted, calls } = makeStream(2);
    stream.ready();
    await settle();
    const asked = calls.length;
    stream.ready(2);
    await settle();
    expect([posted.length, calls.length]).toEqual([1, asked]);
    stream.ready(1);
    await settle();
    expect(seqs(posted.at(-1))).toEqual([2]);
    stream.dispose();
  });

  it("answers a view that asks again and again while the store is slow, once", async () => {
    const opened = Promise.withResolvers<void>();
    const { stream, posted, calls } = makeStream(2, undefined, opened.promise);
    for (let times = 0; times < 3; times++) {
      stream.ready();
      await settle();
    }
    opened.resolve();
    await settle();
    expect([posted.map(({ type }) => type), calls]).toEqual([["reset"], ["before 9007199254740991"]]);
    stream.ready(1);
    stream.ready(1);
    await settle();
    expect(posted.map(({ type }) => type)).toEqual(["reset", "append"]);
    stream.suspend();
    stream.ready();
    await settle();
    expect(posted.map(({ type }) => type)).toEqual(["reset", "append", "reset"]);
    stream.dispose();
  });

  it("ignores other tasks", async () => {
    const { stream, posted } = makeStream(1);
    stream.ready();
    await settle();
    stream.take([changeOf(taskWith("b"), say("x"))]);
    await settle();
    expect(posted.map(({ type }) => type)).toEqual(["reset"]);
    stream.dispose();
  });

  it("says in the view why there is nothing", async () => {
    const posted: HostToView[] = [];
    const source = (): Promise<RunSource> => Promise.reject(new TaskMasterError("UNTRUSTED", "This workspace is not trusted."));
    const stream = new RunStream({ taskId, source, pending: () => undefined, post: (message) => posted.push(message), onTask: () => undefined, now: () => 0 });
    stream.ready();
    await settle();
    expect(posted).toEqual([{ type: "unavailable", message: "This workspace is not trusted." }]);
    stream.dispose();
  });

  it("says that its task was removed, once and whenever the view asks again, and reads nothing more", async () => {
    const { stream, posted, calls } = makeStream(3);
    stream.ready();
    await settle();
    const before = [...calls];
    posted.length = 0;
    stream.removed();
    stream.take(changes([{ ...say("late"), taskId, seq: 4, attempt: 1, at: 0 }]));
    await settle();
    stream.ready(3);
    stream.refreshTask();
    await settle();
    expect(posted).toHaveLength(3);
    for (const message of posted) expect(message).toEqual({ type: "unavailable", message: expect.stringContaining("was removed from the queue") as string });
    expect(calls).toEqual(before);
    stream.dispose();
  });
});
