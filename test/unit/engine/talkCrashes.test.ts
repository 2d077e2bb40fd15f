/**
 * The engine dies before and after every call while the user talks to a task: words whose storing was confirmed are never lost, the
 * journal tells once of each that the agent has it, and without a crash the agent hears each once.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskEvent } from "../../../src/model/taskEvent.ts";
import { MortalEngine } from "../../helpers/mortalEngine.ts";
import { SimulatedWorld } from "../../helpers/simulatedWorld.ts";

const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "talk-crashes-"));
afterAll(() => rmSync(folder, { recursive: true }));
const dayMs = 86_400_000;
const maxLives = 6;
let databases = 0;

/** When the user speaks: at the task's n-th event of a type, each time once. */
type Moment = readonly [type: TaskEvent["type"], nth: number];

const stories: Readonly<Record<string, readonly Moment[]>> = {
  "before it works": [["created", 1]],
  "while it works": [["started", 1]],
  "twice while it works": [
    ["started", 1],
    ["checkpoint", 2],
  ],
  "while its work is checked and committed": [
    ["checkpoint", 3],
    ["checkpoint", 4],
  ],
  "when it is done, and while the follow-up works": [
    ["completed", 1],
    ["started", 2],
  ],
};

interface Outcome {
  readonly world: SimulatedWorld;
  readonly last: MortalEngine;
  readonly points: readonly string[];
  /** Words that the engine confirmed. */
  readonly confirmed: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Speaks when the moments come; gives what is still being said. */
function speak({ engine }: MortalEngine, moments: readonly Moment[], confirmed: Set<string>): Promise<unknown>[] {
  const saying: Promise<unknown>[] = [];
  const counts = new Map<string, number>();
  engine.onDidChange((changes) => {
    for (const { event } of changes) {
      const nth = (counts.get(event.type) ?? 0) + 1;
      counts.set(event.type, nth);
      const words = `words at ${event.type} ${nth}`;
      if (!moments.some(([type, at]) => type === event.type && at === nth) || confirmed.has(words)) continue;
      saying.push(engine.say(event.taskId, words).then(() => confirmed.add(words)));
    }
  });
  return saying;
}

async function play(moments: readonly Moment[], dieAt?: number): Promise<Outcome> {
  const database = join(folder, `${++databases}.db`);
  const world = new SimulatedWorld();
  const confirmed = new Set<string>();
  const lives: MortalEngine[] = [];
  for (let life = 0; life < maxLives; life++) {
    const engine = new MortalEngine({
      database,
      world,
      owner: `owner-${life}`,
      gone: lives.map((_each, index) => `owner-${index}`),
      startAt: Date.UTC(2026, 0, 15) + life * dayMs,
      ...(dieAt === undefined || life > 0 ? {} : { dieAt }),
    });
    lives.push(engine);
    await engine.live(work(engine, moments, confirmed));
    if (!engine.isDead) break;
  }
  const close = async (): Promise<void> => {
    for (const { store } of lives) await store.close();
  };
  return { world, confirmed, last: lives.at(-1) as MortalEngine, points: lives[0]?.points ?? [], close };
}

async function work(life: MortalEngine, moments: readonly Moment[], confirmed: Set<string>): Promise<void> {
  const { engine } = life;
  await engine.start();
  const saying = speak(life, moments, confirmed);
  if ((await engine.list()).length === 0) await engine.enqueue({ title: "write", acceptance: { commands: ["test"] } });
  for (;;) {
    await Promise.all(saying.splice(0));
    const [task] = await engine.list();
    const isIdle = engine.running.length === 0 && saying.length === 0;
    if (task?.status === "done" && isIdle) return;
    try {
      if (task?.status === "paused") await engine.resume(task.id);
      else if (task?.status === "todo") await (await engine.run(task.id)).finished;
    } catch (error) {
      // What was committed is taken up by the engine itself, perhaps just now.
      if (!(error instanceof TaskMasterError) || !["ILLEGAL_TRANSITION", "CONFLICT"].includes(error.code)) throw error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What is wrong; empty when nothing is. */
async function violations({ world, last, confirmed }: Outcome, wasKilled: boolean): Promise<string[]> {
  const wrong: string[] = [...world.violations];
  const check = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  const [task] = await last.store.list();
  if (task === undefined) return ["no task"];
  const events = await last.store.events(task.id, { limit: 1_000 });
  const said = events.flatMap((event) => (event.type === "said" ? [event.message.text] : []));
  const told = events.flatMap((event) => (event.type === "message" && event.role === "user" ? [event.text] : []));
  check(!last.isDead && task.status === "done" && (task.inbox ?? []).length === 0, `${task.status}, ${task.inbox?.length ?? 0} waiting`);
  for (const words of confirmed) check(said.includes(words), `${words} were confirmed and are not stored`);
  check(told.toSorted().join() === said.toSorted().join(), `said ${said.join()}, told ${told.join()}`);
  for (const words of said) check(world.heard.includes(words), `${words} never reached the agent`);
  if (!wasKilled) check(world.heard.toSorted().join() === said.toSorted().join(), `the agent heard ${world.heard.join()}`);
  const trailers = world.commitsOf(task.id).map(({ trailer }) => trailer);
  check(new Set(trailers).size === trailers.length, `commits ${trailers.join()}`);
  return wrong;
}

test.each(Object.entries(stories))("said %s", { timeout: 120_000 }, async (_name, moments) => {
  const whole = await play(moments);
  expect(await violations(whole, false)).toEqual([]);
  expect(whole.confirmed.size).toBe(moments.length);
  await whole.close();
  const wrong: string[] = [];
  for (const [index, point] of whole.points.entries()) {
    const outcome = await play(moments, index + 1);
    wrong.push(...(await violations(outcome, true)).map((what) => `${point}#${index + 1}: ${what}`));
    await outcome.close();
  }
  expect(whole.points.length).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});
