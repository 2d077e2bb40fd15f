/**
 * Crash-point enumeration: the engine's process dies before and after every call that changes something, once and twice
 * in a row, on a real SQLite file. What then holds must hold for every one of them: no task is lost, none is done twice,
 * no commit is made twice, no task text is sent twice to one session.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { MortalEngine } from "../../helpers/mortalEngine.ts";
import { SimulatedWorld, type Scenario } from "../../helpers/simulatedWorld.ts";

/** Memory where there is some: thousands of databases are written with an fsync for every commit. */
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "crash-points-"));
const dayMs = 86_400_000;
const maxLives = 6;

interface Story extends Scenario {
  readonly titles: readonly string[];
  /** Each task after the first depends on the one before. */
  readonly isChain?: boolean;
}

const stories: Readonly<Record<string, Story>> = {
  "one task": { titles: ["write"] },
  "a task whose check fails once, so that Goose is asked to mend it": { titles: ["write"], failingChecks: 1 },
  "a task whose first turn fails for the network": { titles: ["write"], failingTurns: 1 },
  "a chain of two": { titles: ["first", "second"], isChain: true },
};

let databases = 0;

/** Lives one after the other until all is done; the n-th dies at the n-th point. Gives the engines and what is left. */
async function play(story: Story, deaths: readonly number[]): Promise<{ lives: MortalEngine[]; world: SimulatedWorld; tasks: readonly Task[] }> {
  const database = join(folder, `${++databases}.db`);
  const world = new SimulatedWorld(story);
  const lives: MortalEngine[] = [];
  for (let life = 0; life < maxLives; life++) {
    const dieAt = deaths[life];
    const engine = new MortalEngine({
      database,
      world,
      owner: `owner-${life}`,
      gone: lives.map((_each, index) => `owner-${index}`),
      startAt: Date.UTC(2026, 0, 15) + life * dayMs,
      ...(dieAt === undefined ? {} : { dieAt }),
    });
    lives.push(engine);
    await engine.live(work(engine, story));
    if (!engine.isDead) break;
  }
  const tasks = await (lives.at(-1) as MortalEngine).store.list();
  return { lives, world, tasks };
}

/** What a person does with a queue: adds what is missing, resumes what was interrupted, runs the rest. */
async function work({ engine, clock }: MortalEngine, { titles, isChain = false }: Story): Promise<void> {
  await engine.start();
  for (const [index, title] of titles.entries()) {
    const known = await engine.list();
    if (known.some((task) => task.title === title)) continue;
    const before = isChain && index > 0 ? known.find((task) => task.title === titles[index - 1]) : undefined;
    await engine.enqueue({ title, acceptance: { commands: ["test"] }, maxAttempts: 3, ...(before === undefined ? {} : { dependsOn: [before.id] }) });
  }
  for (;;) {
    const open = (await engine.list()).filter(({ status }) => status !== "done" && status !== "blocked");
    const next = open.find(({ id }) => !engine.running.includes(id)) ?? open[0];
    if (next === undefined) return;
    await advance(engine, clock, next);
  }
}

async function advance(engine: MortalEngine["engine"], clock: MortalEngine["clock"], next: Task): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const subscription = engine.onDidChange((changes) => {
    if (changes.some(({ event }) => event.taskId === next.id && (event.type === "completed" || event.type === "error"))) ended.resolve();
  });
  try {
    if (next.status === "paused") await engine.resume(next.id);
    else if (next.status === "todo") {
      if ((next.notBefore ?? 0) > clock.now()) clock.advance((next.notBefore ?? 0) - clock.now());
      await (
        await engine.run(next.id)
      ).finished;
      return;
    }
    await ended.promise;
    while (engine.running.includes(next.id)) await new Promise((resolve) => setImmediate(resolve));
  } catch (error) {
    // A task that was committed is taken up by the engine itself, perhaps just now.
    if (!(error instanceof TaskMasterError) || !["ILLEGAL_TRANSITION", "CONFLICT"].includes(error.code)) throw error;
  } finally {
    subscription.dispose();
  }
}

/** What is wrong; empty when nothing is. */
async function violations({ lives, world, tasks }: Awaited<ReturnType<typeof play>>, story: Story): Promise<string[]> {
  const { store, isDead } = lives.at(-1) as MortalEngine;
  const wrong: string[] = [];
  const check = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  check(!isDead, "the last engine died");
  wrong.push(...world.violations);
  check(tasks.length === story.titles.length, `${tasks.length} tasks`);
  for (const task of tasks) {
    const events = await store.events(task.id, { limit: 1_000 });
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    const attempts = await store.attempts(task.id);
    const commits = world.commitsOf(task.id);
    const sent = world.prompts.filter((prompt) => prompt.task === task.id && prompt.kind === "task");
    check(task.status === "done" && task.lease === undefined, `${task.title} is ${task.status}`);
    check(count("completed") === 1, `${count("completed")} completions`);
    check(
      events.every((event, index) => event.seq === index + 1),
      "a gap in the journal",
    );
    check(new Set(commits.map(({ trailer }) => trailer)).size === 1, `commits ${commits.map(({ trailer }) => trailer).join()}`);
    check(commits.length === 1, `${commits.length} commits`);
    check(attempts.filter(({ outcome }) => outcome === "completed").length === 1, "not one attempt completed");
    // A failure that was not recorded before the crash did not end its attempt.
    check(attempts.length >= 1 && attempts.length <= 1 + (story.failingTurns ?? 0), `${attempts.length} attempts`);
    check(new Set(sent.map(({ session }) => session)).size === sent.length, "the task was sent twice to one session");
    check(world.places.get(task.id)?.hasWorktree === false, "the worktree is left");
    if (story.isChain === true && task.dependsOn.length > 0) check(count("unblocked") <= 1, "unblocked twice");
  }
  await store.close();
  for (const life of lives.slice(0, -1)) await life.store.close();
  return wrong;
}

async function fails(story: Story, deaths: readonly number[], seen: readonly string[]): Promise<string[]> {
  const outcome = await play(story, deaths);
  const wrong = await violations(outcome, story);
  rmSync(join(folder, `${databases}.db`), { force: true });
  return wrong.length === 0 ? [] : [`${deaths.map((point, life) => `${seen[life] ?? ""}#${point}`).join(" then ")}: ${wrong.join("; ")}`];
}

test.each(Object.entries(stories))("%s survives every crash and every pair of crashes", { timeout: 300_000 }, async (name, story) => {
  const whole = await play(story, []);
  expect(await violations(whole, story)).toEqual([]);
  const points = whole.lives[0]?.points ?? [];
  expect(points.length).toBeGreaterThan(20);
  const wrong: string[] = [];
  let scenarios = 0;
  for (const [index, point] of points.entries()) {
    const first = index + 1;
    const single = await play(story, [first]);
    const later = single.lives[1]?.points ?? [];
    wrong.push(...(await violations(single, story)).map((what) => `${point}#${first}: ${what}`));
    for (const [second, laterPoint] of later.entries()) {
      scenarios++;
      wrong.push(...(await fails(story, [first, second + 1], [point, laterPoint])));
    }
  }
  console.log(`${name}: ${points.length} crashes, ${scenarios} pairs`);
  expect(wrong).toEqual([]);
});

test("afterwards nothing is left on the disk", () => {
  rmSync(folder, { recursive: true });
  expect(existsSync(folder)).toBe(false);
});
