/**
 * Takes the place of the worker's goose.run: streams a fixed number of messages in each second, no two of them pieces of one text,
 * so that none are joined on the way. Each tells when it was said, so that a reader can tell how late it is.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { TaskHandler } from "../../src/worker/handlerRegistry.ts";

const perSecond = 20_000;
const seconds = 40;
const stepMs = 4;

/** Under the name of the handler that it replaces in the worker's bundle. */
export const gooseRun: TaskHandler = async (_input, context) => {
  const begun = performance.now();
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
    const now = Date.now();
    for (; sent < due; sent++) context.emit({ type: "message", role: "agent", messageId: `m${sent}`, text: `said at ${now}: a piece of what **Goose** says` });
    await delay(stepMs, undefined, { signal: context.signal });
  }
  return { sessionId: "bench", finalMessage: "NOTHING TO CHANGE: this was a measurement." };
};
