/** The user's words on a task's row: waiting until the agent has them, remembered as long as the task is not done. */
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { Task } from "../model/task.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import { isSaidMessageId, maxWaiting, saidMessageId, type UserMessage } from "../model/userMessage.ts";
import type { Ledger } from "./ledger.ts";
import type { LeasedTask } from "./ports.ts";

/** The row with words that wait (INVALID_INPUT when too much waits already). */
export function withMessage(task: Task, message: UserMessage): Task {
  const inbox = [...(task.inbox ?? []), message];
  if (lengthOf(inbox) <= maxWaiting) return { ...task, inbox };
  throw new TaskMasterError(
    "INVALID_INPUT",
    `More than ${maxWaiting} characters would wait for Goose. Let the task go on first, or put long material into a file of the repository and name it.`,
  );
}

/** The journal entry that tells that the agent has the words. */
export function deliveryOf({ id, text }: UserMessage): WorkerEventBody {
  return { type: "message", role: "user", messageId: saidMessageId(id), text };
}

/**
 * Adds what an agent tells to the journal; false when the lease is lost. That it has words of the user is written together with
 * the row from which they go, and only once: whatever dies when, they are in the inbox or in the journal, never in both.
 */
export async function recordEvents(ledger: Ledger, { task: { id }, token, attempt }: LeasedTask, events: readonly WorkerEventBody[]): Promise<boolean> {
  const lease = { token, attempt: attempt.number };
  // All are queued now, so that nothing told later comes between them.
  const writes = partsOf(events).map((part) => (part.isDelivery ? recordDelivery(ledger, { id, token }, part.events) : ledger.append(id, lease, part.events)));
  return (await Promise.all(writes)).every((isHeld) => isHeld);
}

interface Part {
  readonly isDelivery: boolean;
  readonly events: WorkerEventBody[];
}

/** Runs of entries that are written in the same way, in order. */
function partsOf(events: readonly WorkerEventBody[]): readonly Part[] {
  const parts: Part[] = [];
  for (const event of events) {
    const isDelivery = event.type === "message" && event.role === "user";
    const last = parts.at(-1);
    if (last?.isDelivery === isDelivery) last.events.push(event);
    else parts.push({ isDelivery, events: [event] });
  }
  return parts;
}

async function recordDelivery(
  ledger: Ledger,
  { id, token }: { readonly id: Task["id"]; readonly token: number },
  events: readonly WorkerEventBody[],
): Promise<boolean> {
  try {
    await ledger.change(id, (task) => delivery(task, events), token);
    return true;
  } catch (thrown) {
    if (toTaskMasterError(thrown).code === "STALE_LEASE") return false;
    throw thrown;
  }
}

/** Words that are not in the inbox were told before; other messages of the role are none of the user's. */
function delivery(task: Task, events: readonly WorkerEventBody[]): { readonly task: Task; readonly events: readonly WorkerEventBody[] } | undefined {
  const waiting = new Map((task.inbox ?? []).map((message) => [saidMessageId(message.id), message]));
  const told: UserMessage[] = [];
  const fresh = events.filter((event) => {
    if (event.type !== "message" || !isSaidMessageId(event.messageId)) return true;
    const message = waiting.get(event.messageId);
    waiting.delete(event.messageId);
    if (message !== undefined) told.push(message);
    return message !== undefined;
  });
  if (fresh.length === 0) return undefined;
  return { task: { ...task, inbox: [...waiting.values()], heard: newest([...(task.heard ?? []), ...told]) }, events: fresh };
}

/** What fits of the newest. */
function newest(messages: readonly UserMessage[]): readonly UserMessage[] {
  let length = 0;
  return messages.slice(messages.findLastIndex(({ text }) => (length += text.length) > maxWaiting) + 1);
}

function lengthOf(messages: readonly UserMessage[]): number {
  return messages.reduce((sum, { text }) => sum + text.length, 0);
}
