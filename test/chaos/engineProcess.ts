/**
 * One of the processes that are killed: a real engine on the real store, which works whatever is ready and meddles with
 * the others' tasks. A line "settle" on stdin ends the meddling, the end of stdin ends the process.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger, TaskStore } from "../../src/engine/ports.ts";
import { isOwnerGone } from "../../src/host/processOwner.ts";
import { toTaskMasterError } from "../../src/model/errors.ts";
import type { Attempt } from "../../src/model/task.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { logLevels } from "../../src/model/taskEvent.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { makeBareEngine } from "./bareEngine.ts";
import type { EngineProcessOptions } from "./engineProcessOptions.ts";
import { createFakeAgent, createFakeGit, openEffects } from "./fakeWorld.ts";
import { FastTime } from "./fastTime.ts";
import { meddle } from "./meddle.ts";
import { Seeded } from "./seeded.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as EngineProcessOptions;
const random = new Seeded(options.seed);
const time = new FastTime(options.begin);
const store = new SqliteTaskStore(openDatabase(options.database), { pollMs: 15 });
const effects = openEffects(options.effects);
const note = (level: string, text: string, data?: object): void => {
  if (level !== "debug" && level !== "info") appendFileSync(options.log, `${process.pid} ${level} ${text} ${JSON.stringify(data ?? {})}\n`);
};
const log = Object.fromEntries(logLevels.map((level) => [level, (text: string, data?: object) => note(level, text, data)])) as unknown as Logger;

const engine = makeBareEngine({
  store: options.withoutFencing === true ? unfenced(store) : store,
  agent: createFakeAgent(effects, random),
  git: createFakeGit(effects, random),
  log,
  time,
  random: random.next,
  settings: () => ({ ...defaultSettings, poolSize: 3, maxAttempts: 3, afterInterruption: random.chance(0.5) ? "resume" : "pause" }),
  reap,
});

let isMeddling = true;
const ended = new AbortController();
process.stdin.setEncoding("utf8");
process.stdin.on("data", () => (isMeddling = false));
process.stdin.on("end", () => ended.abort());

await engine.start();
process.stdout.write("ready\n");
await Promise.all([work(), interfere()]);
await engine.stopEngine();
await store.close();
effects.close();

/** What a run left alive is looked for only when its lease counts no more: else a living run would be killed. */
async function reap({ taskId, token }: Attempt): Promise<number> {
  const lease = (await store.get(taskId))?.lease;
  const isAlive = lease?.token === token && !isOwnerGone(lease.owner) && lease.expiresAt > time.now();
  if (isAlive) note("unexpected", `the living run ${taskId}-${token} would have been killed`);
  return 0;
}

/** Keeps the slots busy. */
async function work(): Promise<void> {
  while (!ended.signal.aborted) {
    const started = engine.hasFreeSlot ? await expected(() => engine.runNext()) : undefined;
    if (started === undefined) await delay(5);
  }
}

async function interfere(): Promise<void> {
  while (!ended.signal.aborted) {
    await expected(() => meddle(engine, store, { random, isMeddling }));
    await delay(random.between(5, 30));
  }
}

/** What several at once may meet is no news; anything else is. */
async function expected<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (thrown) {
    const { code, message, stack } = toTaskMasterError(thrown);
    const isRace = code === "ILLEGAL_TRANSITION" || code === "CONFLICT" || code === "STALE_LEASE" || code === "CANCELLED";
    if (!isRace) note("unexpected", `${code} ${message}`, { stack: String(stack) });
    return undefined;
  }
}

/** A store whose writes nobody checks for their lease: the chaos must then find violations, else it would find nothing ever. */
function unfenced(fenced: SqliteTaskStore): TaskStore {
  const token = async (id: Parameters<TaskStore["get"]>[0]): Promise<number> => (await fenced.get(id))?.lease?.token ?? -1;
  const commit: TaskStore["commit"] = async ({ token: _token, ...write }) => {
    const { version = 0 } = (await fenced.get(write.task.id)) ?? {};
    return fenced.commit({ ...write, task: { ...write.task, version } });
  };
  return new Proxy(fenced, {
    get: (target, name) => {
      if (name === "commit") return commit;
      if (name === "renewLease") return async (id: never, _token: number, at: number) => (await target.renewLease(id, await token(id), at)) || true;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
