/**
 * Folds the journal of a task into rows. Linear in the number of events: a piece of text is appended to its row, an update
 * finds its tool call by a map, and nothing is ever folded twice. Pure: no DOM, no clock.
 */
import { endsToolCalls, type TaskEvent } from "../../model/taskEvent.ts";
import { toolCallStatuses, type ToolCallUpdate } from "../../model/toolCall.ts";
import { goesOn, lineOf } from "./lines.ts";
import type { LineRow, MessageRow, Row, ToolRow } from "./rows.ts";

/** Longest text of a message and longest end of an output that are kept (characters). */
export const maxMessageText = 200_000;
export const maxOutput = 20_000;
/** Most dropped tool calls that are remembered because events of shown rows came before their end. */
const maxStragglers = 100;

/** What an addition did to the rows. */
export interface Change {
  readonly added: ReadonlySet<Row>;
  readonly changed: ReadonlySet<Row>;
}

type MessagePiece = Extract<TaskEvent, { type: "message" }>;
type ToolEvent = Extract<TaskEvent, { type: "tool_call" }>;

/** The rows of a run, oldest first, and which part of the journal they cover. */
export class RunModel {
  #rows: Row[] = [];
  #tools = new Map<string, ToolRow>();
  readonly #open = new Set<ToolRow>();
  /** Tool calls that were dropped while newer rows stayed: an earlier page holds only their beginning. */
  readonly #stragglers = new Map<string, ToolRow>();
  /** The first row of a Goose session in each attempt. */
  readonly #sessions = new Map<number, LineRow>();
  /** The last event after which no tool call before it can run. */
  #endSeq = 0;
  #firstSeq = 1;
  #lastSeq = 0;

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** The first event that the rows are made of; earlier ones can be loaded when it is above 1. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Begins anew with a page. */
  reset(events: readonly TaskEvent[], firstSeq: number): void {
    this.#rows = [];
    this.#tools.clear();
    this.#open.clear();
    this.#stragglers.clear();
    this.#sessions.clear();
    this.#endSeq = 0;
    this.#firstSeq = firstSeq;
    this.#lastSeq = events.at(-1)?.seq ?? Math.max(0, firstSeq - 1);
    this.#fold(events);
  }

  /** Takes what came behind; undefined when something between is missing. What is known already is skipped. */
  append(events: readonly TaskEvent[]): Change | undefined {
    const fresh = events.filter((event) => event.seq > this.#lastSeq);
    if (fresh.some((event, index) => event.seq !== this.#lastSeq + 1 + index)) return undefined;
    this.#lastSeq = fresh.at(-1)?.seq ?? this.#lastSeq;
    return this.#fold(fresh);
  }

  /** Takes the page before the first event and joins what was cut by its edge. */
  prepend(events: readonly TaskEvent[], firstSeq: number): void {
    const page = new RunModel();
    page.reset(events, firstSeq);
    const moved = new Set<Row>();
    const before = page.#rows.map((row) => (row.kind === "tool" ? this.#whole(row, moved) : row));
    if (moved.size > 0) this.#rows = this.#rows.filter((row) => !moved.has(row));
    const last = before.at(-1);
    const next = this.#rows[0];
    if (last?.kind === "message" && next?.kind === "message" && isSame(last, next)) {
      addText(last, next.text);
      this.#rows.shift();
    }
    this.#rows = [...before, ...this.#rows];
    this.#joinSessions(page);
    this.#endSeq = Math.max(this.#endSeq, page.#endSeq);
    for (const row of before) if (row.kind === "tool") this.#takeTool(row);
    this.#firstSeq = firstSeq;
  }

  /** Drops the oldest rows beyond a number; gives back what was dropped. */
  trim(limit: number): readonly Row[] {
    const excess = this.#rows.length - limit;
    if (excess <= 0) return [];
    const dropped = this.#rows.splice(0, excess);
    for (const row of dropped) if (row.kind === "tool") this.#dropTool(row);
    this.#firstSeq = this.#rows[0]?.seq ?? this.#lastSeq + 1;
    return dropped;
  }

  #fold(events: readonly TaskEvent[]): Change {
    const added = new Set<Row>();
    const changed = new Set<Row>();
    const note = (row: Row, isNew: boolean): void => void (isNew ? added : changed).add(row);
    for (const event of events) {
      if (event.type === "message") this.#foldMessage(event, note);
      else if (event.type === "tool_call") this.#foldTool(event, note);
      else this.#foldLine(event, note);
    }
    return { added, changed };
  }

  #foldMessage(event: MessagePiece, note: (row: Row, isNew: boolean) => void): void {
    const last = this.#rows.at(-1);
    if (last?.kind === "message" && isSame(last, event)) {
      addText(last, event.text);
      return note(last, false);
    }
    const { seq, at, attempt, role, messageId } = event;
    const row: MessageRow = { kind: "message", key: `message:${seq}`, seq, at, revision: 0, attempt, role, messageId, text: "", isCut: false };
    addText(row, event.text);
    this.#rows.push(row);
    note(row, true);
  }

  #foldTool({ seq, at, attempt, call }: ToolEvent, note: (row: Row, isNew: boolean) => void): void {
    const key = `tool:${attempt}:${call.toolCallId}`;
    const dropped = this.#stragglers.get(key);
    // Out of view: it is complete should its page be loaded again.
    if (dropped !== undefined) return update(dropped, call);
    const known = this.#tools.get(key);
    const row: ToolRow = known ?? { kind: "tool", key, seq, at, revision: 0, toolCallId: call.toolCallId, status: "pending", output: "", isCut: false };
    update(row, call);
    if (isOpen(row)) this.#open.add(row);
    else this.#open.delete(row);
    if (known === undefined) {
      this.#tools.set(key, row);
      this.#rows.push(row);
    }
    note(row, known === undefined);
  }

  #foldLine(event: TaskEvent, note: (row: Row, isNew: boolean) => void): void {
    if (endsToolCalls(event)) {
      this.#endSeq = event.seq;
      for (const row of this.#open) {
        cancel(row);
        note(row, false);
      }
      this.#open.clear();
    }
    const line = lineOf(event, { said: event.type === "completed" ? this.#lastSaid() : "", hasSession: this.#sessions.has(event.attempt) });
    if (line === undefined) return;
    const row: LineRow = { kind: "line", key: `line:${event.seq}`, seq: event.seq, at: event.at, revision: 0, ...line };
    if (event.type === "checkpoint" && event.step === "session" && !this.#sessions.has(event.attempt)) this.#sessions.set(event.attempt, row);
    this.#rows.push(row);
    note(row, true);
  }

  #lastSaid(): string {
    const row = this.#rows.findLast((row) => row.kind === "message" && row.role === "agent");
    return row?.kind === "message" ? row.text : "";
  }

  /** What was taken for the first session of an attempt goes on one of an earlier page. */
  #joinSessions(page: RunModel): void {
    for (const [attempt, first] of page.#sessions) {
      const later = this.#sessions.get(attempt);
      const index = later === undefined ? -1 : this.#rows.indexOf(later);
      // Lines never change: another one takes its place.
      if (later !== undefined && index >= 0) this.#rows[index] = { ...later, key: `${later.key}:on`, text: goesOn };
      this.#sessions.set(attempt, first);
    }
  }

  /** A tool call of an earlier page with everything that is known of it; its shown rest moves to where the call began. */
  #whole(begin: ToolRow, moved: Set<Row>): ToolRow {
    const dropped = this.#stragglers.get(begin.key);
    this.#stragglers.delete(begin.key);
    if (dropped !== undefined && dropped.seq <= begin.seq) return dropped;
    const rest = dropped ?? this.#tools.get(begin.key);
    if (rest === undefined) return begin;
    moved.add(rest);
    joinTool(begin, rest);
    return rest;
  }

  /** Knows a tool call of an earlier page from now on; what ended it may have come on a later one. */
  #takeTool(row: ToolRow): void {
    this.#tools.set(row.key, row);
    if (!isOpen(row)) return;
    if (row.seq < this.#endSeq) cancel(row);
    else this.#open.add(row);
  }

  #dropTool(row: ToolRow): void {
    this.#tools.delete(row.key);
    this.#open.delete(row);
    this.#stragglers.set(row.key, row);
    const [oldest] = this.#stragglers.keys();
    if (this.#stragglers.size > maxStragglers && oldest !== undefined) this.#stragglers.delete(oldest);
  }
}

function isSame(row: MessageRow, other: Pick<MessageRow, "role" | "messageId" | "attempt">): boolean {
  return row.role === other.role && row.messageId === other.messageId && row.attempt === other.attempt;
}

function addText(row: MessageRow, text: string): void {
  const space = maxMessageText - row.text.length;
  if (text.length > space) row.isCut = true;
  if (space > 0) row.text += text.slice(0, space);
}

function update(row: ToolRow, call: ToolCallUpdate): void {
  if (call.status !== undefined && isForward(row, call)) row.status = call.status;
  if (call.toolName !== undefined) row.toolName = call.toolName;
  if (call.title !== undefined) row.title = call.title;
  if (call.input !== undefined) row.input = call.input;
  if (call.diffs !== undefined) row.diffs = call.diffs;
  if (call.exitCode !== undefined) row.exitCode = call.exitCode;
  if (call.outputDelta !== undefined) {
    // Its beginning may be on an earlier page; what prints is running.
    if (row.status === "pending") row.status = "in_progress";
    row.output += call.outputDelta;
    // Cutting only at twice the length keeps many small pieces linear.
    if (row.output.length > 2 * maxOutput) cutOutput(row);
  }
  row.revision++;
}

function isOpen({ status }: ToolRow): boolean {
  return status === "pending" || status === "in_progress";
}

function cancel(row: ToolRow): void {
  row.status = "cancelled";
  row.revision++;
}

/** A late "in_progress" never revives a call that has ended. */
function isForward(row: ToolRow, call: ToolCallUpdate): boolean {
  return call.status !== undefined && toolCallStatuses.indexOf(call.status) >= Math.min(2, toolCallStatuses.indexOf(row.status));
}

/** Adds the beginning of a tool call to its rest. */
function joinTool(begin: ToolRow, rest: ToolRow): void {
  rest.seq = begin.seq;
  rest.toolName ??= begin.toolName;
  rest.title ??= begin.title;
  rest.input ??= begin.input;
  rest.diffs ??= begin.diffs;
  rest.exitCode ??= begin.exitCode;
  rest.output = begin.output + rest.output;
  rest.isCut ||= begin.isCut;
  cutOutput(rest);
  rest.revision++;
}

function cutOutput(row: ToolRow): void {
  if (row.output.length <= maxOutput) return;
  row.output = row.output.slice(-maxOutput);
  row.isCut = true;
}
