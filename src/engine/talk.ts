/** What a person says to the agent of a task, and which of its tool calls shall end. */
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import { makeTaskId, type TaskId } from "../model/ids.ts";
import { statusWords } from "../model/taskActions.ts";
import type { TaskEventBody } from "../model/taskEvent.ts";
import { checkSaid, type UserMessage } from "../model/userMessage.ts";
import { withMessage } from "./inbox.ts";
import type { Ledger } from "./ledger.ts";
import type { Clock, Logger, Random } from "./ports.ts";
import * as machine from "./taskMachine.ts";
import type { TaskRun } from "./taskRun.ts";

/** What talking needs of the engine. */
export interface TalkDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The runs of this process. */
  readonly runs: ReadonlyMap<TaskId, TaskRun>;
}

const maxToolCallId = 256;

/** Stores the words; whoever runs the task, here or in another process, then tells them to its agent. */
export async function say({ ledger, clock, random, log, runs }: TalkDeps, id: TaskId, raw: string): Promise<void> {
  const message: UserMessage = { id: makeTaskId(random), text: checkSaid(raw), at: clock.now() };
  await ledger.change(id, (row) => {
    const isOver = machine.isLegal(row.status, "followUp");
    const task = withMessage(isOver ? machine.followUp(row, clock.now()) : { ...row, updatedAt: clock.now() }, message);
    const requeued: TaskEventBody[] = isOver ? [{ type: "requeued", reason: "The user has more to say: a new attempt goes on in the same session." }] : [];
    return { task, events: [{ type: "said", message }, ...requeued] };
  });
  try {
    await runs.get(id)?.hear();
  } catch (thrown) {
    // They are stored, and told with the next prompt at the latest.
    log.warn("words of the user could not be told at once", { task: id, error: toTaskMasterError(thrown).message });
  }
}

/** Asks whoever runs the task to end a tool call. */
export async function stopToolCall({ ledger, runs }: TalkDeps, id: TaskId, toolCallId: string): Promise<void> {
  if (toolCallId === "" || toolCallId.length > maxToolCallId) throw new TaskMasterError("INVALID_INPUT", "That is no id of a tool call.");
  await ledger.change(id, (task) => {
    const isUnderWay = task.status === "in_progress" || task.status === "paused";
    if (isUnderWay && task.lease !== undefined) return { task, events: [{ type: "stop_tool_call", toolCallId }] };
    throw new TaskMasterError("ILLEGAL_TRANSITION", `Task ${id} is ${statusWords[task.status]} and nobody works on it: no tool call of it runs.`);
  });
  runs.get(id)?.stopToolCall(toolCallId);
}
