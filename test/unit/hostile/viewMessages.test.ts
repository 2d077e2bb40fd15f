import { afterEach, beforeEach, expect, test } from "vitest";
import type { Task } from "../../../src/model/task.ts";
import { isWebAddress, type HostToView } from "../../../src/protocol/hostWebview.ts";
import { findPlace } from "../../../src/webview/findPlace.ts";
import { RunSearch } from "../../../src/webview/runSearch.ts";
import { RunStream } from "../../../src/webview/runStream.ts";
import { ViewRequests } from "../../../src/webview/viewRequests.ts";
import { waitFor } from "../../helpers/leakCheck.ts";
import { TestEngine } from "../../helpers/testEngine.ts";
import { amount, fuzzTimeoutMs } from "../../hostile/amount.ts";
import { dumpDatabase } from "../../hostile/dumpDatabase.ts";
import { Random } from "../../hostile/random.ts";
import { hostileViewMessage } from "../../hostile/viewMessages.ts";

let t: TestEngine;
beforeEach(() => (t = new TestEngine()));
afterEach(() => t.close());

interface Heard {
  readonly performed: string[];
  readonly said: string[];
  readonly opened: string[];
  readonly links: string[];
  readonly warnings: unknown[];
  readonly posted: HostToView[];
  readonly told: unknown[];
}

/** What stands behind a run view, but for VS Code. */
function requestsOf(task: Task): Heard & { readonly requests: ViewRequests; readonly settled: () => Promise<unknown> } {
  const heard: Heard = { performed: [], said: [], opened: [], links: [], warnings: [], posted: [], told: [] };
  const engine = (): Promise<TestEngine["engine"]> => Promise.resolve(t.engine);
  const post = (message: HostToView): void => void heard.posted.push(message);
  const pending = new Set<Promise<unknown>>();
  const keep = <T>(work: Promise<T>): Promise<T> => {
    pending.add(work);
    const forget = (): void => void pending.delete(work);
    work.then(forget, forget);
    return work;
  };
  const stream = new RunStream({ taskId: task.id, source: engine, pending: () => undefined, post, onTask: () => undefined, now: () => 0 });
  const requests = new ViewRequests({
    taskId: task.id,
    engine: async () => ({
      get: (id) => t.engine.get(id),
      answer: (id, answer) => keep(t.engine.answer(id, answer)),
      stopToolCall: (id, toolCallId) => keep(t.engine.stopToolCall(id, toolCallId)),
    }),
    perform: (action, id) => {
      heard.performed.push(`${action} ${id}`);
      return action === "pause" ? t.engine.pause(id).then(() => undefined) : Promise.resolve();
    },
    say: (id, text) => {
      heard.said.push(`${id} ${text}`);
      return t.engine.say(id, text);
    },
    stream,
    search: new RunSearch({ taskId: task.id, source: engine, post, rest: () => Promise.resolve() }),
    budget: { ready: () => undefined },
    sayAlive: () => undefined,
    post,
    openPlace: async (wanted) => {
      const place = await keep(findPlace(t.engine, task.id, wanted));
      if (place !== undefined) heard.opened.push(place.path);
    },
    openLink: (url) => heard.links.push(url),
    tellError: (thrown) => heard.told.push(thrown),
    log: { warn: (...words: unknown[]) => heard.warnings.push(words) },
  });
  return { ...heard, requests, settled: () => waitFor(() => pending.size === 0, { what: "what the page asked for" }) };
}

/** A task that runs, with a tool call that names one file. */
async function running(): Promise<Task> {
  t.world.onTurn = () => undefined;
  const task = await t.add("work");
  await t.engine.run(task.id);
  (await t.turn()).observer.onEvents?.([{ type: "tool_call", call: { toolCallId: "real", toolName: "shell", locations: [{ path: "src/a.ts" }] } }]);
  await waitFor(() => t.published(task).includes("tool_call"), { what: "the tool call" });
  return t.engine.get(task.id);
}

test("whatever a page posts that is no word and no button of the user's changes nothing", { timeout: fuzzTimeoutMs }, async () => {
  const task = await running();
  const { requests, settled, performed, said, opened, links, warnings } = requestsOf(task);
  const before = dumpDatabase(t.database);
  const random = new Random(1);
  const count = amount(5_000, 100_000);
  for (let sent = 0; sent < count; sent++) {
    expect(() => requests.receive(hostileViewMessage(random))).not.toThrow();
    if (sent % 500 === 0) await settled();
  }
  await settled();
  expect(dumpDatabase(t.database)).toEqual(before);
  expect((await t.turn()).wishes).toEqual([]);
  expect({ performed, said, opened }).toEqual({ performed: [], said: [], opened: [] });
  expect(links.length).toBeGreaterThan(0);
  expect(links.every(isWebAddress)).toBe(true);
  expect(requests.dropped).toBeGreaterThan(count / 2);
  expect(warnings.length).toBeLessThan(20);
  expect("polluted" in {}).toBe(false);
});

test("a button acts on the task of its view, a place is what the journal calls it", async () => {
  const task = await running();
  const { requests, settled, performed, said, opened } = requestsOf(task);
  const [called] = await t.store.events(task.id, { types: ["tool_call"], limit: 1 });
  const place = { type: "openPlace", toolCallId: "real", seq: called?.seq, of: "location", index: 0 };
  for (const message of [
    { type: "action", action: "cancel" },
    { type: "say", text: "hello" },
    place,
    { ...place, index: 1 },
    { ...place, toolCallId: "other" },
  ]) {
    requests.receive(message);
  }
  await settled();
  await waitFor(() => performed.length + said.length + opened.length >= 2, { what: "what was asked for" });
  expect({ said, opened }).toEqual({ said: [`${task.id} hello`], opened: ["src/a.ts"] });
  expect(performed.every((words) => words === `cancel ${task.id}`)).toBe(true);
});

test("without trust no word and no button changes anything", async () => {
  const task = await running();
  const { requests, settled, posted } = requestsOf(task);
  t.world.isTrusted = false;
  const before = dumpDatabase(t.database);
  for (const message of [
    { type: "say", text: "hello" },
    { type: "stopToolCall", toolCallId: "real" },
  ])
    requests.receive(message);
  await settled();
  await waitFor(() => posted.some((message) => message.type === "said"), { what: "the refusal" });
  expect(posted.find((message) => message.type === "said")).toMatchObject({ error: expect.stringContaining("trust") });
  expect(dumpDatabase(t.database)).toEqual(before);
});
