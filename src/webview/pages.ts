import type { TaskEvent } from "../model/taskEvent.ts";

/** Most characters of one message; what does not fit goes to the next. */
const maxPageCharacters = 1_000_000;

/** Journal entries that follow `afterSeq` without anything left out between. */
export interface Stretch {
  readonly events: readonly TaskEvent[];
  readonly afterSeq: number;
  readonly lastSeq: number;
}

/** The newest events of a page that fit into one message; at least one. */
export function newestThatFit(page: readonly TaskEvent[]): readonly TaskEvent[] {
  let characters = 0;
  const first = page.findLastIndex((event) => (characters += sizeOf(event)) > maxPageCharacters);
  return first < 0 ? page : page.slice(Math.min(first + 1, page.length - 1));
}

/** The oldest events of a page that fit into one message; at least one. */
export function oldestThatFit(page: readonly TaskEvent[]): readonly TaskEvent[] {
  let characters = 0;
  const end = page.findIndex((event) => (characters += sizeOf(event)) > maxPageCharacters);
  return end < 0 ? page : page.slice(0, Math.max(1, end));
}

/** The events of a stretch in stretches of a bearable length. */
export function stretchesOf(events: readonly TaskEvent[], afterSeq: number, lastSeq: number): readonly Stretch[] {
  const groups: TaskEvent[][] = [];
  let characters = Infinity;
  for (const event of events) {
    const size = sizeOf(event);
    if (characters + size > maxPageCharacters) {
      groups.push([]);
      characters = 0;
    }
    characters += size;
    groups.at(-1)?.push(event);
  }
  const startOf = (index: number): number | undefined => groups[index]?.[0]?.seq;
  return groups.map((group, index) => ({
    events: group,
    afterSeq: index === 0 ? afterSeq : (startOf(index) ?? 1) - 1,
    lastSeq: (startOf(index + 1) ?? lastSeq + 1) - 1,
  }));
}

/**
 * Joins neighbours that are pieces of one text; the joined event has the number of the first. Output of tool calls only where
 * it is shown for the first time: what knows a part of it could not take the rest.
 */
export function coalesce(events: readonly TaskEvent[], what: "messages" | "texts"): readonly TaskEvent[] {
  const result: TaskEvent[] = [];
  let texts: string[] = [];
  let open: TaskEvent | undefined;
  const close = (): void => {
    if (open !== undefined) result.push(texts.length === 1 ? open : withText(open, texts.join("")));
  };
  for (const event of events) {
    const text = what === "messages" && event.type !== "message" ? undefined : textOf(event);
    if (text !== undefined && open !== undefined && isSameText(open, event)) {
      texts.push(text);
      continue;
    }
    close();
    open = text === undefined ? undefined : event;
    texts = [text ?? ""];
    if (open === undefined) result.push(event);
  }
  close();
  return result;
}

/** The text of an event that is nothing but a piece of a longer one. */
function textOf(event: TaskEvent): string | undefined {
  if (event.type === "message") return event.text;
  if (event.type !== "tool_call" || event.call.outputDelta === undefined) return undefined;
  return Object.keys(event.call).length === 2 ? event.call.outputDelta : undefined;
}

function isSameText(a: TaskEvent, b: TaskEvent): boolean {
  if (a.attempt !== b.attempt) return false;
  if (a.type === "message" && b.type === "message") return a.messageId === b.messageId && a.role === b.role;
  return a.type === "tool_call" && b.type === "tool_call" && a.call.toolCallId === b.call.toolCallId;
}

function withText(event: TaskEvent, text: string): TaskEvent {
  if (event.type === "message") return { ...event, text };
  return event.type === "tool_call" ? { ...event, call: { ...event.call, outputDelta: text } } : event;
}

function sizeOf(event: TaskEvent): number {
  if (event.type === "message") return event.text.length + 200;
  if (event.type === "said") return event.message.text.length + 200;
  if (event.type !== "tool_call") return 500;
  const { outputDelta = "", diffs = [], input } = event.call;
  const texts = diffs.reduce((sum, diff) => sum + diff.newText.length + (diff.oldText?.length ?? 0), 0);
  return 500 + outputDelta.length + texts + (input === undefined ? 0 : JSON.stringify(input).length);
}
