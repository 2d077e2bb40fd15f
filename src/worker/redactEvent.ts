import type { JsonValue } from "../base/json.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { ToolCallUpdate } from "../model/toolCall.ts";
import type { Redaction } from "./process/redaction.ts";

/** An event without the secrets that are known. */
export function redactEvent(event: WorkerEventBody, { text, value }: Redaction): WorkerEventBody {
  switch (event.type) {
    case "message":
      return { ...event, text: text(event.text) };
    case "plan":
      return { ...event, entries: event.entries.map((entry) => ({ ...entry, text: text(entry.text) })) };
    case "progress_update":
      return { ...event, progress: { ...event.progress, message: text(event.progress.message) } };
    case "log":
      return { ...event, message: text(event.message) };
    case "tool_call": {
      const { toolCallId } = event.call;
      return { ...event, call: { ...(value(event.call as unknown as JsonValue) as unknown as ToolCallUpdate), toolCallId } };
    }
    default:
      return event;
  }
}
