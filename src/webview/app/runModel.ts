/**
 * Folds the journal of a task into rows. Linear in the number of events: a piece of text is appended to its row, an update
 * finds its tool call by a map, and nothing is ever folded twice. Pure: no DOM, no clock.
 */
import { endsToolCalls, type TaskEvent } from "../../model/taskEvent.ts";
import { goesOn, lineOf } from "./lines.ts";
import { PieceScanner } from "./messagePieces.ts";
import type { LineRow, MessageRow, Row, ToolRow } from "./rows.ts";
import { cancelTool, isOpen, joinTool, newToolRow, toolKey, updateTool } from "./toolRows.ts";
import { countWithin, wholeFrom, type Limit } from "./trimming.ts";

/** Most dropped tool calls that are remembered because events of shown rows came before their end. */
const maxStragglers = 100;

/** Which rows an addition has touched. */
export interface Change {
  readonly added: ReadonlySet<Row>;
  readonly changed: ReadonlySet<Row>;
}

/** Rows of the same event need keys of their own. */
let cuts = 0;

type MessagePiece = Extract<TaskEvent, { type: "message" }>;
type ToolEvent = Extract<TaskEvent, { type: "tool_call" }>;
type Note = (row: Row, isNew: boolean) => void;

/** The rows of a part of a run, oldest first, and which part of the journal they cover. */
export class RunModel {
  #rows: Row[] = [];
  #tools = new Map<string, ToolRow>();
  readonly #open = new Set<ToolRow>();
  /** Tool calls that were dropped while newer rows stayed: an earlier page holds only their beginning. */
  readonly #stragglers = new Map<string, ToolRow>();
  /** The first row of a Goose session in each attempt. */
  readonly #sessions = new Map<number, LineRow>();
  /** Reads the last row when it is a message. */
  #scanner: { readonly row: MessageRow; readonly pieces: PieceScanner } | undefined;
  /** The last event after which no tool call before it can run, and when it was. */
  #end = { seq: 0, at: 0 };
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
  reset(events: readonly TaskEvent[], firstSeq: number, lastSeq = events.at(-1)?.seq ?? Math.max(0, firstSeq - 1)): void {
    this.#rows = [];
    this.#tools.clear();
    this.#open.clear();
    this.#stragglers.clear();
    this.#sessions.clear();
    this.#scanner = undefined;
    this.#end = { seq: 0, at: 0 };
    this.#firstSeq = firstSeq;
    this.#lastSeq = lastSeq;
    this.#fold(events);
  }

  /** Takes what came behind `afterSeq`; undefined when something between is missing. What is known already is skipped. */
  append(events: readonly TaskEvent[], afterSeq = this.#lastSeq, lastSeq = events.at(-1)?.seq ?? afterSeq): Change | undefined {
    if (afterSeq > this.#lastSeq) return undefined;
    const fresh = events.filter((event) => event.seq > this.#lastSeq);
    this.#lastSeq = Math.max(this.#lastSeq, lastSeq);
    return this.#fold(fresh);
  }

  /** Takes the page before the first event and joins what was cut by its edge. */
  prepend(events: readonly TaskEvent[], firstSeq: number): void {
    const page = new RunModel();
    page.reset(events, firstSeq);
    const moved = new Set<Row>();
    const before = page.#rows.map((row) => (row.kind === "tool" ? this.#whole(row, moved) : row));
    if (moved.size > 0) this.#rows = this.#rows.filter((row) => !moved.has(row));
    this.#joinMessages(before);
    this.#rows = [...before, ...this.#rows];
    this.#joinSessions(page);
    if (page.#end.seq > this.#end.seq) this.#end = page.#end;
    for (const row of before) if (row.kind === "tool") this.#takeTool(row);
    this.#firstSeq = firstSeq;
  }

  /** Drops the oldest rows beyond a limit; gives back what was dropped. */
  trimStart(limit: Limit): readonly Row[] {
    const kept = countWithin(this.#rows.length, limit, (index) => this.#rows.at(-1 - index));
    const dropped = this.#rows.splice(0, wholeFrom(this.#rows, this.#rows.length - kept, 1));
    if (dropped.length === 0) return [];
    for (const row of dropped) if (row.kind === "tool") this.#dropTool(row);
    this.#firstSeq = this.#rows[0]?.seq ?? this.#lastSeq + 1;
    return dropped;
  }

  /** Drops the newest rows beyond a limit, which can be loaded again as newer ones; gives back what was dropped. */
  trimEnd(limit: Limit): readonly Row[] {
    const kept = countWithin(this.#rows.length, limit, (index) => this.#rows[index]);
    const dropped = this.#rows.splice(wholeFrom(this.#rows, kept, -1));
    const [first] = dropped;
    if (first === undefined) return [];
    for (const row of dropped) {
      if (row.kind === "tool") this.#tools.delete(row.key);
      if (row.kind === "tool") this.#open.delete(row);
    }
    // A message that goes on in the dropped row ends there; tool calls know what they have had.
    this.#lastSeq = first.seq - 1;
    this.#scanner = undefined;
    return dropped;
  }

  #fold(events: readonly TaskEvent[]): Change {
    const added = new Set<Row>();
    const changed = new Set<Row>();
    const note: Note = (row, isNew) => void (isNew ? added : changed).add(row);
    for (const [index, event] of events.entries()) {
      // An event may stand for several that were joined on the way.
      if (event.type === "message") this.#foldMessage(event, note);
      else if (event.type === "tool_call") this.#foldTool(event, (events[index + 1]?.seq ?? this.#lastSeq + 1) - 1, note);
      else this.#foldLine(event, note);
    }
    return { added, changed };
  }

  #foldMessage(event: MessagePiece, note: Note): void {
    const last = this.#rows.at(-1);
    if (last?.kind === "message" && isSame(last, event)) return this.#addText(last, event, note);
    const { seq, at, attempt, role, messageId } = event;
    const row: MessageRow = {
      kind: "message",
      key: `message:${seq}`,
      seq,
      at,
      revision: 0,
      attempt,
      role,
      messageId,
      text: "",
      isContinued: false,
      fence: undefined,
    };
    this.#rows.push(row);
    note(row, true);
    this.#addText(row, event, note);
  }

  /** Adds to a message; what is too long for one row goes to further ones. */
  #addText(first: MessageRow, { seq, text }: Pick<MessagePiece & MessageRow, "seq" | "text">, note: Note): void {
    let row = first;
    row.text += text;
    note(row, false);
    for (;;) {
      if (this.#scanner?.row !== row) this.#scanner = { row, pieces: new PieceScanner(row.fence) };
      const { pieces } = this.#scanner;
      const cut = pieces.cut(row.text);
      if (cut === undefined || cut >= row.text.length) return;
      const rest = row.text.slice(cut);
      row.text = row.text.slice(0, cut);
      row.revision++;
      row = { ...row, key: `message:${seq}:${++cuts}`, seq, revision: 0, text: rest, isContinued: true, fence: pieces.fence };
      this.#rows.push(row);
      note(row, true);
    }
  }

  #foldTool(event: ToolEvent, until: number, note: Note): void {
    const key = toolKey(event);
    const dropped = this.#stragglers.get(key);
    // Out of view: it is complete should its page be loaded again.
    if (dropped !== undefined) return void updateTool(dropped, event, until);
    const known = this.#tools.get(key);
    const row = known ?? newToolRow(event);
    if (!updateTool(row, event, until)) return;
    if (isOpen(row)) this.#open.add(row);
    else this.#open.delete(row);
    if (known === undefined) {
      this.#tools.set(key, row);
      this.#rows.push(row);
    }
    note(row, known === undefined);
  }

  #foldLine(event: TaskEvent, note: Note): void {
    if (endsToolCalls(event)) {
      this.#end = { seq: event.seq, at: event.at };
      for (const row of this.#open) {
        cancelTool(row, event.at);
        note(row, false);
      }
      this.#open.clear();
    }
    const line = lineOf(event, { said: event.type === "completed" ? this.#lastSaid() : "", hasSession: this.#sessions.has(event.attempt) });
    if (line === undefined || (line.text === goesOn && this.#goesOnAlready())) return;
    const row: LineRow = { kind: "line", key: `line:${event.seq}`, seq: event.seq, at: event.at, revision: 0, ...line };
    if (event.type === "checkpoint" && event.step === "session" && !this.#sessions.has(event.attempt)) this.#sessions.set(event.attempt, row);
    this.#rows.push(row);
    note(row, true);
  }

  /** The engine and the worker both note it. */
  #goesOnAlready(): boolean {
    return this.#rows.findLast((row) => row.kind !== "line" || row.text === goesOn)?.kind === "line";
  }

  #lastSaid(): string {
    const end = this.#rows.findLastIndex((row) => row.kind === "message" && row.role === "agent");
    const last = this.#rows[end];
    if (last?.kind !== "message") return "";
    const begin = this.#rows.findLastIndex((row, index) => index <= end && row.kind === "message" && !row.isContinued);
    return this.#rows
      .slice(begin, end + 1)
      .map((row) => (row.kind === "message" ? row.text : ""))
      .join("");
  }

  /** A message that was cut by the edge of a page becomes one again; one that is long stays in its rows, which learn what they go on with. */
  #joinMessages(before: Row[]): void {
    const last = before.at(-1);
    const next = this.#rows[0];
    if (last?.kind !== "message" || next?.kind !== "message" || !isSame(last, next)) return;
    const part = new RunModel();
    const whole = this.#rows.findIndex((row) => row.kind !== "message" || !isSame(row, next));
    const rest = this.#rows.splice(0, whole < 0 ? this.#rows.length : whole) as MessageRow[];
    part.#rows.push(last);
    for (const row of rest) part.#addText(part.#rows.at(-1) as MessageRow, row, () => undefined);
    before.push(...part.#rows.slice(1));
    // What comes behind is added to another row now.
    this.#scanner = undefined;
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
    if (row.seq < this.#end.seq) cancelTool(row, this.#end.at);
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
