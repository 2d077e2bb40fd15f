import type { TaskId } from "../../../src/model/ids.ts";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import type { ToolCallUpdate } from "../../../src/model/toolCall.ts";

/** The task that the events of these tests belong to. */
export const taskId = "aaaaaaaa" as TaskId;

/** Journal entries numbered from `firstSeq` on. */
export function journal(bodies: readonly TaskEventBody[], firstSeq = 1): readonly TaskEvent[] {
  return bodies.map((body, index) => ({ ...body, taskId, seq: firstSeq + index, attempt: 1, at: 1_000 + index }));
}

/** A piece of Goose's answer. */
export function say(text: string, messageId = "m"): TaskEventBody {
  return { type: "message", role: "agent", messageId, text };
}

/** A step of a tool call. */
export function tool(toolCallId: string, call: Omit<ToolCallUpdate, "toolCallId">): TaskEventBody {
  return { type: "tool_call", call: { toolCallId, ...call } };
}
