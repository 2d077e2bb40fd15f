import type { TaskEvent } from "../model/taskEvent.ts";

const maxCalls = 40;
const maxTitleLength = 200;
const maxMessageLength = 1_500;

/** What a session did and said last, in lines for the one that takes its work over; from the end of the journal. */
export function attemptStory(events: readonly TaskEvent[]): string[] {
  const calls = toolCallLines(events);
  const message = lastMessage(events);
  return [
    ...(calls.length === 0 ? [] : ["", "Its last tool calls:", ...calls]),
    ...(message === "" ? [] : ["", `The last thing it said: ${message.slice(-maxMessageLength)}`]),
  ];
}

function toolCallLines(events: readonly TaskEvent[]): string[] {
  const calls = new Map<string, { readonly title: string; readonly status: string }>();
  for (const event of events) {
    if (event.type !== "tool_call") continue;
    const { toolCallId, toolName = toolCallId } = event.call;
    const known = calls.get(toolCallId) ?? { title: toolName, status: "pending" };
    calls.set(toolCallId, { title: event.call.title ?? known.title, status: event.call.status ?? known.status });
  }
  return [...calls.values()].slice(-maxCalls).map(({ title, status }) => `- ${title.slice(0, maxTitleLength)} (${status})`);
}

/** The pieces of a message come one by one. */
function lastMessage(events: readonly TaskEvent[]): string {
  const last = events.findLast((event) => event.type === "message" && event.role === "agent");
  if (last?.type !== "message") return "";
  const pieces = events.flatMap((event) => (event.type === "message" && event.role === "agent" && event.messageId === last.messageId ? [event.text] : []));
  return pieces.join("").trim();
}
