/** Kills and stops engines at random while they work one queue, and looks whether anything was lost or done twice. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TaskId } from "../../src/model/ids.ts";
import { toTaskMasterError } from "../../src/model/errors.ts";
import type { Task } from "../../src/model/task.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { makeTask } from "../../src/engine/newTask.ts";
import { waitForNoProcesses } from "../helpers/leakCheck.ts";
import { createTempDir } from "../helpers/tempRepo.ts";
import { buildEngineProcess, EngineProcess } from "./engineProcessHandle.ts";
import { openEffects } from "./fakeWorld.ts";
import { FastTime, realLeaseMs } from "./fastTime.ts";
import { inspect, type Findings } from "./invariants.ts";
import { Seeded } from "./seeded.ts";

/** How much chaos. */
export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  /** Engines at once; default 4. */
  readonly processes?: number;
  readonly withoutFencing?: boolean;
  /** Takes one line of progress. */
  readonly say?: (line: string) => void;
}

/** What happened and what was found. */
export interface ChaosReport extends Findings {
  readonly kills: number;
  readonly stops: number;
  readonly tasks: number;
  /** Writers that had lost their lease and whose writes were dropped. */
  readonly staleWriters: number;
  readonly seconds: number;
}

const openTasks = 30;
const killsBetweenLooks = 100;
const settleMs = 60_000;

/** Runs the chaos in a folder of its own, which is removed afterwards. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  using folder = createTempDir("tm-chaos-");
  const script = await buildEngineProcess(folder.dir);
  const chaos = new Chaos(options, folder.dir, script);
  const begun = performance.now();
  try {
    await chaos.run();
  } finally {
    await chaos.end();
  }
  return { ...chaos.report(), seconds: (performance.now() - begun) / 1000 };
}

class Chaos {
  readonly #options: ChaosOptions;
  readonly #folder: string;
  readonly #script: string;
  readonly #random: Seeded;
  readonly #time = new FastTime(Date.now());
  readonly #store: SqliteTaskStore;
  readonly #ids: TaskId[] = [];
  readonly #violations: string[] = [];
  readonly #stopped = new Set<Promise<void>>();
  #engines: EngineProcess[] = [];
  #kills = 0;
  #stops = 0;

  constructor(options: ChaosOptions, folder: string, script: string) {
    this.#options = options;
    this.#folder = folder;
    this.#script = script;
    this.#random = new Seeded(options.seed);
    // It never waits for the lock itself: the process that holds it may be stopped, and only this one lets it go on.
    this.#store = new SqliteTaskStore(openDatabase(this.#path("queue.db"), { busyTimeoutMs: 0 }));
    openEffects(this.#path("effects.db")).close();
  }

  async run(): Promise<void> {
    const { kills, processes = 4 } = this.#options;
    await this.#fill();
    this.#engines = await Promise.all(Array.from({ length: processes }, () => this.#spawn()));
    for (let nextLook = killsBetweenLooks; this.#kills < kills;) {
      await delay(this.#random.between(10, 90));
      await this.#fill();
      await this.#strike();
      if (this.#kills < nextLook) continue;
      nextLook += killsBetweenLooks;
      this.#look();
    }
    await Promise.all(this.#stopped);
    await this.#settle();
  }

  /** Ends all engines and looks for processes that are left. */
  async end(): Promise<void> {
    for (const ended of await Promise.all(this.#engines.map((engine) => engine.stop()))) if (ended !== undefined) this.#violations.push(ended);
    await this.#store.close();
    await waitForNoProcesses(this.#folder).catch((error: unknown) => this.#violations.push(String(error)));
  }

  report(): Omit<ChaosReport, "seconds"> {
    const findings = this.#inspect(true);
    const log = readLog(this.#path("log"));
    const unexpected = log.filter((line) => line.split(" ")[1] === "unexpected");
    return {
      ...findings,
      violations: [...new Set([...this.#violations, ...findings.violations, ...unexpected])],
      kills: this.#kills,
      stops: this.#stops,
      tasks: this.#ids.length,
      staleWriters: log.filter((line) => line.includes("no longer ours")).length,
    };
  }

  /** Keeps enough tasks in the queue; some depend on earlier ones. */
  async #fill(): Promise<void> {
    const open = (await this.#store.list({ statuses: ["todo", "blocked", "in_progress", "paused"], limit: openTasks })).length;
    for (let missing = openTasks - open; missing > 0; missing--) {
      const recent = this.#ids.slice(-20);
      const dependsOn = this.#random.chance(0.3) ? [this.#random.pick(recent), this.#random.pick(recent)].filter((id) => id !== undefined) : [];
      const now = this.#time.now();
      const task = makeTask({ title: `Task ${this.#ids.length}`, dependsOn }, { now, random: this.#random.next, repository: "/repository", maxAttempts: 3 });
      await this.#insert(task);
    }
  }

  async #insert(task: Task): Promise<void> {
    for (;;) {
      try {
        await this.#store.insert(task, [{ type: "created", attempt: 0, at: task.createdAt }]);
        this.#ids.push(task.id);
        return;
      } catch (thrown) {
        if (toTaskMasterError(thrown).code !== "STORE_FAILED") throw thrown;
        await delay(2);
      }
    }
  }

  /** Kills one engine, or stops it for up to three lengths of its lease. */
  async #strike(): Promise<void> {
    const victim = this.#random.pick(this.#engines.filter((engine) => !engine.isStopped));
    if (victim === undefined) return;
    if (this.#random.chance(0.3)) {
      this.#stops += 1;
      const stopped = victim.holdFor(this.#random.between(0.5, 3) * realLeaseMs).finally(() => this.#stopped.delete(stopped));
      this.#stopped.add(stopped);
      return;
    }
    this.#kills += 1;
    const ended = await victim.kill();
    if (ended !== undefined) this.#violations.push(ended);
    const replacement = await this.#spawn();
    this.#engines = this.#engines.map((engine) => (engine === victim ? replacement : engine));
  }

  /** Lets all engines bring everything to its end. */
  async #settle(): Promise<void> {
    for (const engine of this.#engines) engine.settle();
    const end = performance.now() + settleMs;
    for (;;) {
      const open = await this.#store.list({ statuses: ["todo", "blocked", "in_progress", "paused", "stopped", "failed", "cancelled"], limit: 5 });
      if (open.length === 0) return;
      if (performance.now() > end) return void this.#violations.push(`not at rest after ${settleMs} ms: ${JSON.stringify(open)}`);
      await delay(50);
    }
  }

  #look(): void {
    const { violations } = this.#inspect(false);
    this.#violations.push(...violations);
    this.#options.say?.(
      `${violations.slice(0, 5).join("\n")}${this.#kills} kills, ${this.#stops} stops, ${this.#ids.length} tasks, ${this.#violations.length} violations`,
    );
  }

  #inspect(isSettled: boolean): Findings {
    return inspect({ database: this.#path("queue.db"), effects: this.#path("effects.db"), ids: this.#ids, isSettled });
  }

  #spawn(): Promise<EngineProcess> {
    const seed = Math.floor(this.#random.next() * 2 ** 32);
    const { withoutFencing = false } = this.#options;
    return EngineProcess.start(this.#script, {
      database: this.#path("queue.db"),
      effects: this.#path("effects.db"),
      log: this.#path("log"),
      seed,
      begin: this.#time.begin,
      withoutFencing,
    });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

function readLog(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return []; // nobody had anything to tell
  }
}
