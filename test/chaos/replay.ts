import type { TaskStatus } from "../../src/model/task.ts";
import type { TaskEvent } from "../../src/model/taskEvent.ts";

/** A journal entry with the store that wrote it and its place among all entries of the queue. */
export type WrittenEvent = TaskEvent & { readonly id: number; readonly writer: string };

/** Which statuses an event may meet, and which follow it. Events that are not named leave the status as it is. */
const transitions: Readonly<Record<string, { readonly from: readonly TaskStatus[]; readonly to: readonly TaskStatus[] }>> = {
  started: { from: ["todo"], to: ["in_progress"] },
  paused: { from: ["in_progress"], to: ["paused"] },
  resumed: { from: ["paused"], to: ["in_progress"] },
  stopped: { from: ["in_progress", "paused"], to: ["stopped"] },
  completed: { from: ["in_progress"], to: ["done"] },
  error: { from: ["in_progress", "paused"], to: ["failed"] },
  cancelled: { from: ["todo", "blocked", "in_progress", "paused", "stopped", "failed"], to: ["cancelled"] },
  requeued: { from: ["stopped", "failed", "cancelled"], to: ["todo", "blocked"] },
  blocked: { from: ["todo"], to: ["blocked"] },
  unblocked: { from: ["blocked"], to: ["todo"] },
};

/** What only the holder of the lease may write. */
const ofTheRun = new Set<string>(["checkpoint", "message", "progress_update", "tool_call", "usage", "completed", "error"]);

/** Steps that recovery continues behind, once they are recorded. */
const doneOnce = new Set<string>(["agent_finished", "committed"]);

/** What a journal tells: the statuses that the task can have after it, and what cannot have happened. */
export interface Replayed {
  readonly statuses: readonly TaskStatus[];
  readonly impossible: readonly string[];
}

/** Walks a journal from its first entry. */
export function replay(events: readonly WrittenEvent[]): Replayed {
  let statuses: readonly TaskStatus[] = ["todo", "blocked"];
  let holder: string | undefined;
  const steps = new Set<string>();
  const impossible: string[] = [];
  for (const [index, event] of events.entries()) {
    if (event.seq !== index + 1) impossible.push(`entry ${index + 1} has the number ${event.seq}`);
    if ((event.type === "created") !== (index === 0)) impossible.push(`"created" at ${event.seq}`);
    const step = transitionOf(event);
    if (step !== undefined) {
      if (!statuses.some((status) => step.from.includes(status))) impossible.push(`"${event.type}" at ${event.seq} in status ${statuses.join(" or ")}`);
      statuses = step.to;
    }
    if (event.type === "started" || event.type === "resumed") holder = event.writer;
    if (ofTheRun.has(event.type) && event.writer !== holder) impossible.push(`"${event.type}" at ${event.seq} by a process that does not hold the lease`);
    if (event.type === "checkpoint" && doneOnce.has(event.step)) {
      const step = `${event.step} of attempt ${event.attempt}`;
      if (steps.has(step)) impossible.push(`${step} is done again at ${event.seq}`);
      steps.add(step);
    }
    if (endsHold(event)) holder = undefined;
  }
  return { statuses, impossible };
}

function transitionOf(event: WrittenEvent): { from: readonly TaskStatus[]; to: readonly TaskStatus[] } | undefined {
  const step = transitions[event.type];
  return event.type === "error" && event.willRetryAt !== undefined && step !== undefined ? { ...step, to: ["todo"] } : step;
}

function endsHold(event: WrittenEvent): boolean {
  if (event.type === "paused") return event.isInterrupted === true;
  return ["completed", "error", "stopped", "cancelled"].includes(event.type);
}
