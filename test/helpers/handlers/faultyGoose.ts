/** A worker module that takes Goose's place: starts a process as a run does, then ends its worker in the way that the task's prompt names. A second attempt does its work. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TaskHandlerRegistry } from "../../../src/worker/handlerRegistry.ts";
import { gooseRunInput } from "../../../src/protocol/handlers.ts";
import { parseInput } from "../../../src/worker/process/parseInput.ts";
import { spawnGroup } from "../../../src/worker/process/processGroup.ts";

const faults: Readonly<Record<string, () => unknown>> = {
  throw: () => {
    throw new RangeError("not one of ours");
  },
  exit: () => process.exit(7),
  memory: () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_unused, index) => index + 0.5));
  },
  loop: () => {
    for (;;);
  },
  hold: () => new Promise(() => undefined),
};

/** Called by the worker. */
export function register(registry: TaskHandlerRegistry): void {
  registry.register("goose.run", async (raw, context) => {
    const { prompt, worktree, sessionId } = parseInput("goose.run", gooseRunInput, raw);
    const fault = /fault: (\w+)/.exec(prompt)?.[1];
    context.emit({ type: "checkpoint", step: "session", data: { sessionId: `session-${context.attempt}` } });
    if (fault !== undefined && context.attempt === 1 && sessionId === undefined) {
      const group = spawnGroup("sleep", ["651"], { cwd: worktree, env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" } });
      await delay(100); // the guard hears of it, the event goes out
      try {
        await faults[fault]?.();
      } finally {
        group.killGroup();
      }
    }
    appendFileSync(join(worktree, "a.txt"), "done\n");
    return { sessionId: `session-${context.attempt}`, finalMessage: "I changed the file." };
  });
}
