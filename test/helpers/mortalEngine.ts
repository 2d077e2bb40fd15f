/** An engine that dies at a chosen point: from then on nothing that it asked for is answered, and nothing more is done. */
import { TaskEngine } from "../../src/engine/taskEngine.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { ManualClock } from "./manualClock.ts";
import type { SimulatedWorld } from "./simulatedWorld.ts";

/** What an engine is made with. */
export interface MortalOptions {
  readonly database: string;
  readonly world: SimulatedWorld;
  readonly owner: string;
  /** Owners that have died before. */
  readonly gone: readonly string[];
  readonly startAt: number;
  /** Number of the point at which it dies, from 1; absent: it lives. */
  readonly dieAt?: number;
}

const never = new Promise<never>(() => undefined);
const silent = (): void => undefined;

/** Reads change nothing: to die before one is to die after the write before it. */
const reads = new Set<PropertyKey>(["get", "list", "candidates", "leased", "attempts", "events", "states"]);

/** See the header of this file. Points lie before and after every call that changes something outside the engine. */
export class MortalEngine {
  readonly engine: TaskEngine;
  readonly store: SqliteTaskStore;
  readonly clock: ManualClock;
  /** Resolves when the point is reached. */
  readonly death = Promise.withResolvers<void>();
  /** Names of the points passed so far, in order. */
  readonly points: string[] = [];
  readonly #dieAt: number | undefined;
  #isDead = false;

  constructor({ database, world, owner, gone, startAt, dieAt }: MortalOptions) {
    this.#dieAt = dieAt;
    this.clock = new ManualClock(startAt);
    this.store = new SqliteTaskStore(openDatabase(database));
    this.engine = new TaskEngine({
      store: this.#mortal("store", this.store),
      git: this.#mortal("git", world.git),
      verifier: this.#mortal("verify", { runCommands: () => Promise.resolve(world.check()) }),
      reap: (attempt) => this.#call(`reap:${attempt.number}`, () => Promise.resolve(0)),
      agent: { run: (leased, _workspace, prompt, observer) => world.run(leased, prompt, observer, (name) => this.#point(name)) },
      workers: {
        start: () => Promise.resolve(),
        run: () => ({ result: Promise.reject(new Error("not used")), pause: silent, resume: silent, tell: silent, cancel: silent }),
        isSilent: () => false,
        stop: () => Promise.resolve(),
      },
      clock: this.clock,
      timers: this.clock,
      random: Math.random,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      settings: () => defaultSettings,
      isTrusted: () => true,
      owner,
      isOwnerGone: (name) => gone.includes(name),
      leaseMs: 30_000,
      repository: "/repository",
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Whatever comes first: the end of the work, or of the engine. */
  async live(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.death.promise]);
  }

  async #point(name: string): Promise<void> {
    if (this.#isDead) return never;
    this.points.push(name);
    if (this.points.length !== this.#dieAt) return undefined;
    this.#isDead = true;
    this.death.resolve();
    return never;
  }

  async #call<T>(name: string, call: () => Promise<T>): Promise<T> {
    await this.#point(`before ${name}`);
    const result = await call();
    await this.#point(`after ${name}`);
    return result;
  }

  #mortal<T extends object>(name: string, port: T): T {
    return new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        if (key === "onDidChangeElsewhere" || key === "onDidChangeStateElsewhere") return method;
        if (reads.has(key)) return (...args: unknown[]) => (this.#isDead ? never : method(...args));
        return (...args: unknown[]) => this.#call(`${name}.${String(key)}`, async () => method(...args));
      },
    });
  }
}
