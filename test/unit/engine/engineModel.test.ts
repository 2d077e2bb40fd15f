/**
 * Random histories of three engines on one SQLite file: people add, run, pause, resume, stop, cancel and retry tasks from
 * any of them, agents answer or fail, engines die and are replaced, clocks jump. After every command what the database
 * says must hold together. fast-check prints the seed and the shortest history that goes wrong.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";
import { ManualClock } from "../../helpers/manualClock.ts";
import { TestEngine, type AgentTurnProbe } from "../../helpers/testEngine.ts";

const runs = 500;
const commandsPerRun = 40;
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "engine-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

const verbs = [
  "add",
  "addDependant",
  "runNext",
  "run",
  "pause",
  "resume",
  "stop",
  "cancel",
  "retry",
  "answer",
  "failOnce",
  "failForGood",
  "die",
  "advance",
  "jumpBack",
] as const;
/** Which verb, by which engine, on which task (modulo what there is). */
type Command = readonly [verb: (typeof verbs)[number], engine: number, task: number];

let files = 0;

/** Everything that is to happen without time going by. */
async function settle(): Promise<void> {
  for (let round = 0; round < 4; round++) await new Promise((resolve) => setImmediate(resolve));
}

class History {
  readonly #database = join(folder, `${++files}.db`);
  readonly #clock = new ManualClock();
  readonly #gone: string[] = [];
  readonly #engines: TestEngine[] = [];
  readonly #all: TestEngine[] = [];
  readonly #fences = new Map<string, number>();
  #born = 0;
  #added = 0;

  async begin(): Promise<void> {
    for (let index = 0; index < 3; index++) this.#engines.push(await this.#bear());
  }

  async #bear(): Promise<TestEngine> {
    const engine = new TestEngine({ database: this.#database, owner: `owner-${++this.#born}`, clock: this.#clock });
    engine.world.goneOwners = this.#gone;
    engine.world.onTurn = () => undefined;
    this.#all.push(engine);
    await engine.engine.start();
    return engine;
  }

  async perform([verb, who, which]: Command): Promise<void> {
    const engine = this.#engines[who % this.#engines.length] as TestEngine;
    const tasks = await engine.store.list();
    const task = tasks[which % Math.max(1, tasks.length)];
    try {
      await this.#act(verb, engine, task);
    } catch (error) {
      const isRefusal = error instanceof TaskMasterError && ["ILLEGAL_TRANSITION", "CONFLICT"].includes(error.code);
      if (!isRefusal) throw error;
    }
    await settle();
    await this.#check();
  }

  async #act(verb: Command[0], engine: TestEngine, task: Task | undefined): Promise<void> {
    if (verb === "add") return void (await engine.add(`task ${++this.#added}`));
    if (verb === "advance") return this.#clock.advance(11_000);
    if (verb === "jumpBack") return this.#clock.advance(-3_600_000);
    if (verb === "die") return this.#replace(engine);
    if (task === undefined) return undefined;
    if (verb === "addDependant") return void (await engine.add(`dependant ${++this.#added}`, { dependsOn: [task.id] }));
    if (verb === "runNext") return void (await engine.engine.runNext());
    if (verb === "run") return void (await engine.engine.run(task.id));
    if (verb === "answer" || verb === "failOnce" || verb === "failForGood") return this.#end(verb, openTurns(engine, task));
    // The end of a run that answers to nobody must not hold up the history.
    await Promise.race([engine.engine[verb](task.id), settle()]);
  }

  #end(how: "answer" | "failOnce" | "failForGood", [turn]: readonly AgentTurnProbe[]): void {
    if (how === "answer") turn?.finish();
    else turn?.fail(new TaskMasterError("GOOSE_NETWORK", "down", { retryable: how === "failOnce" }));
  }

  /** Its process is gone: nothing of it is heard again, and another one starts. */
  async #replace(engine: TestEngine): Promise<void> {
    const index = this.#engines.indexOf(engine);
    this.#gone.push(`owner-${this.#all.indexOf(engine) + 1}`);
    await engine.store.close();
    this.#engines[index] = await this.#bear();
  }

  async #check(): Promise<void> {
    const { store } = this.#engines[0] as TestEngine;
    const tasks = await store.list();
    const statuses = new Map(tasks.map(({ id, status }) => [id, status]));
    for (const task of tasks) {
      const wrong = await this.#wrongWith(task, (id) => statuses.get(id) === "done");
      if (wrong !== undefined) throw new Error(`${wrong}: ${JSON.stringify(task)}`);
    }
  }

  async #wrongWith(task: Task, isDone: (id: Task["id"]) => boolean): Promise<string | undefined> {
    const { store } = this.#engines[0] as TestEngine;
    const events = await store.events(task.id, { limit: 10_000 });
    const attempts = await store.attempts(task.id);
    const holders = this.#engines.filter(({ engine }) => engine.running.includes(task.id));
    const rules: readonly (readonly [holds: boolean, what: string])[] = [
      [events.every(({ seq }, index) => seq === index + 1), "a gap in the journal"],
      [events.filter(({ type }) => type === "completed").length === (task.status === "done" ? 1 : 0), "completed more or less than once"],
      [task.fence >= (this.#fences.get(task.id) ?? 0), "the fence went back"],
      [task.lease === undefined || ["in_progress", "paused"].includes(task.status), "a lease without work"],
      [task.status !== "in_progress" || task.lease !== undefined, "work without a lease"],
      [task.status !== "todo" || task.dependsOn.every(isDone), "ready before its dependencies"],
      [task.status !== "blocked" || !task.dependsOn.every(isDone), "blocked by nothing"],
      [attempts.length === task.attempts, "attempts that do not add up"],
      [attempts.slice(0, -1).every(({ outcome }) => outcome !== "running"), "an old attempt that still runs"],
      [
        holders.filter(({ world }) => world.turns.some((turn) => turn.leased.token === task.lease?.token && turn.leased.task.id === task.id)).length <= 1,
        "two holders",
      ],
    ];
    this.#fences.set(task.id, task.fence);
    return rules.find(([holds]) => !holds)?.[1];
  }

  async close(): Promise<void> {
    for (const engine of this.#engines) await engine.close();
  }
}

function openTurns({ world }: TestEngine, task: Task): readonly AgentTurnProbe[] {
  return world.turns.filter((turn) => turn.leased.task.id === task.id).slice(-1);
}

test(`${runs} histories of ${commandsPerRun} commands hold together`, { timeout: 120_000 }, async () => {
  const command = fc.tuple(fc.constantFrom(...verbs), fc.nat(2), fc.nat(7));
  const play = async (history: readonly Command[]): Promise<void> => {
    const world = new History();
    await world.begin();
    try {
      for (const each of history) await world.perform(each);
    } finally {
      await world.close();
    }
  };
  const histories = fc.asyncProperty(fc.array(command, { minLength: commandsPerRun, maxLength: commandsPerRun }), play);
  await expect(fc.assert(histories, { numRuns: runs })).resolves.toBeUndefined();
});
