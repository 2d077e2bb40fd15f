import type { JsonObject } from "../base/json.ts";
import { limitReason, type QueueStatus, stopReason } from "../model/queueStatus.ts";
import { cleanLine } from "./cleanText.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import type { Output } from "./output.ts";
import { iso } from "./taskJson.ts";
import { localTime } from "./taskText.ts";

const howToResume = "Put right what is wrong, then: task-master-goose resume --queue (or run a task by its id, or run --next).";

/** What keeps the queue from starting tasks, for people; nothing when nothing does. */
export function queueLines({ stop, limits }: QueueStatus): readonly string[] {
  return [...(stop === undefined ? [] : [stopReason(stop), howToResume]), ...limits.map((limit) => limitReason(limit, localTime))].map(cleanLine);
}

/** Tells people in lines and programs in one record; neither when nothing keeps the queue. */
export function reportQueue(output: Output, status: QueueStatus): void {
  const lines = queueLines(status);
  if (lines.length === 0) return;
  output.record("queue", queueJson(status));
  for (const line of lines) output.line(output.paint.yellow(line));
}

/** resume --queue: lets a stopped queue go on, and agents that wait for a limit try at once. */
export async function resumeQueue({ engine, output }: VerbContext): Promise<number> {
  await engine.resumeQueue();
  const status = await engine.queueStatus();
  output.record("queue", queueJson(status));
  output.line("The queue may start tasks again.");
  return exitCodes.ok;
}

/** Tells on stderr, while tasks run, each time that something else keeps the queue; until disposed. */
export function watchQueue({ engine, output }: Pick<VerbContext, "engine" | "output">): { dispose(): void } {
  let told = "";
  const tell = (status: QueueStatus): void => {
    const text = queueLines({ limits: status.limits }).join("\n");
    if (text !== "" && text !== told) output.note(output.paint.yellow(text));
    told = text;
  };
  return engine.onDidChangeQueue(tell);
}

function queueJson({ stop, limits }: QueueStatus): JsonObject {
  return {
    stopped: stop === undefined ? null : { at: iso(stop.at), reason: stopReason(stop), failures: stop.failures.map((each) => ({ ...each, at: iso(each.at) })) },
    limits: limits.map(({ agent, until, reason, isTrying }) => ({ agent: agent === "" ? null : agent, until: iso(until), reason, trying: isTrying })),
  };
}
