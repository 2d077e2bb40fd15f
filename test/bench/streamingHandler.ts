/** A worker module that takes Goose's place: streams a fixed number of events in each second, like sixteen chatty agents together. */
import { setTimeout as delay } from "node:timers/promises";
import type { TaskHandlerRegistry } from "../../src/worker/handlerRegistry.ts";

const perSecond = 1_250;
const seconds = 12;
const stepMs = 4;

/** Called by the worker. No two neighbours are pieces of one text, so none are joined on the way. */
export function register(registry: TaskHandlerRegistry): void {
  registry.register("goose.run", async (_input, context) => {
    const begun = performance.now();
    for (let sent = 0; sent < perSecond * seconds;) {
      const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
      for (; sent < due; sent++) context.emit({ type: "message", role: "agent", messageId: `m${sent}`, text: "a piece of what Goose says, of a usual length" });
      await delay(stepMs, undefined, { signal: context.signal });
    }
    return { sessionId: "bench", finalMessage: "NOTHING TO CHANGE: this was a measurement." };
  });
}
