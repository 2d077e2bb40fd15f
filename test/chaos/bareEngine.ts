import { randomUUID } from "node:crypto";
import type { EngineDeps } from "../../src/engine/engineDeps.ts";
import { TaskEngine } from "../../src/engine/taskEngine.ts";
import { isOwnerGone, makeOwner } from "../../src/host/processOwner.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { leaseMs, type FastTime } from "./fastTime.ts";

/** What differs from engine to engine; the rest has defaults. */
export type BareEngineOptions = Pick<EngineDeps, "store" | "agent" | "git" | "log"> & Partial<EngineDeps> & { readonly time: FastTime };

/** The real engine of this process on a store, without worker threads: agent and git are the caller's. */
export function makeBareEngine({ time, ...options }: BareEngineOptions): TaskEngine {
  return new TaskEngine({
    verifier: { runCommands: () => Promise.resolve([]) },
    workers: {
      start: () => Promise.resolve(),
      run: () => ({ result: Promise.reject(new Error("not used")), pause() {}, resume() {}, tell() {}, cancel() {} }),
      isSilent: () => false,
      stop: () => Promise.resolve(),
    },
    clock: time,
    timers: time,
    random: Math.random,
    settings: () => defaultSettings,
    isTrusted: () => true,
    owner: makeOwner(randomUUID().slice(0, 8)),
    isOwnerGone,
    reap: () => Promise.resolve(0),
    leaseMs,
    repository: "/repository",
    ...options,
  });
}
