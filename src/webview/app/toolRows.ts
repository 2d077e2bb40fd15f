import type { TaskEvent } from "../../model/taskEvent.ts";
import { toolCallStatuses, type ToolCallUpdate } from "../../model/toolCall.ts";
import type { ToolRow } from "./rows.ts";

/** Longest end of an output (characters) and most lines of inner activity that are kept. */
export const maxOutput = 20_000;
export const maxActivity = 50;

type ToolEvent = Extract<TaskEvent, { type: "tool_call" }>;

/** The name of a tool call's row. */
export function toolKey({ attempt, call }: ToolEvent): string {
  return `tool:${attempt}:${call.toolCallId}`;
}

/** A tool call of which nothing is known yet. */
export function newToolRow(event: ToolEvent): ToolRow {
  const { seq, at, call } = event;
  return {
    kind: "tool",
    key: toolKey(event),
    seq,
    lastSeq: seq - 1,
    at,
    revision: 0,
    toolCallId: call.toolCallId,
    status: "pending",
    output: "",
    isCut: false,
    activity: [],
  };
}

/** Takes an update that stands for all events `until` one; false for one that it has already, as pages overlap. */
export function updateTool(row: ToolRow, { seq, at, call }: ToolEvent, until: number): boolean {
  if (seq <= row.lastSeq) return false;
  row.lastSeq = until;
  if (call.status !== undefined && isForward(row, call)) row.status = call.status;
  if (call.toolName !== undefined) row.toolName = call.toolName;
  if (call.title !== undefined) row.title = call.title;
  if (call.kind !== undefined) row.toolKind = call.kind;
  if (call.input !== undefined) row.input = call.input;
  if (call.exitCode !== undefined) row.exitCode = call.exitCode;
  takePlaces(row, seq, call);
  if (call.activity !== undefined) row.activity = [...row.activity, call.activity].slice(-maxActivity);
  if (call.outputDelta !== undefined) addOutput(row, call.outputDelta);
  takeTime(row, at);
  row.revision++;
  return true;
}

/** Whether it may still change. */
export function isOpen({ status }: ToolRow): boolean {
  return status === "pending" || status === "in_progress";
}

/** Ends a tool call that nobody ends any more. */
export function cancelTool(row: ToolRow, at: number): void {
  row.status = "cancelled";
  row.endedAt ??= at;
  row.revision++;
}

/** Adds the beginning of a tool call to its rest. */
export function joinTool(begin: ToolRow, rest: ToolRow): void {
  rest.seq = begin.seq;
  rest.toolName ??= begin.toolName;
  rest.title ??= begin.title;
  rest.toolKind ??= begin.toolKind;
  rest.input ??= begin.input;
  if (rest.diffs === undefined) [rest.diffs, rest.diffsSeq] = [begin.diffs, begin.diffsSeq];
  if (rest.locations === undefined) [rest.locations, rest.locationsSeq] = [begin.locations, begin.locationsSeq];
  rest.exitCode ??= begin.exitCode;
  rest.startedAt = begin.startedAt ?? rest.startedAt;
  rest.activity = [...begin.activity, ...rest.activity].slice(-maxActivity);
  rest.output = begin.output + rest.output;
  rest.isCut ||= begin.isCut;
  cutOutput(rest);
  rest.revision++;
}

/** How long it worked (ms), once it has ended. */
export function durationOf({ startedAt, endedAt }: ToolRow): number | undefined {
  return startedAt === undefined || endedAt === undefined ? undefined : Math.max(0, endedAt - startedAt);
}

function takePlaces(row: ToolRow, seq: number, { diffs, locations }: ToolCallUpdate): void {
  if (diffs !== undefined) [row.diffs, row.diffsSeq] = [diffs, seq];
  if (locations !== undefined) [row.locations, row.locationsSeq] = [locations, seq];
}

function takeTime(row: ToolRow, at: number): void {
  // Waiting for leave is no work.
  if (row.status !== "pending") row.startedAt ??= at;
  if (!isOpen(row)) row.endedAt ??= at;
}

function addOutput(row: ToolRow, text: string): void {
  // Its beginning may be on an earlier page; what prints is running.
  if (row.status === "pending") row.status = "in_progress";
  row.output += text;
  // Cutting only at twice the length keeps many small pieces linear.
  if (row.output.length > 2 * maxOutput) cutOutput(row);
}

/** A late "in_progress" never revives a call that has ended. */
function isForward(row: ToolRow, call: ToolCallUpdate): boolean {
  return call.status !== undefined && toolCallStatuses.indexOf(call.status) >= Math.min(2, toolCallStatuses.indexOf(row.status));
}

function cutOutput(row: ToolRow): void {
  if (row.output.length <= maxOutput) return;
  row.output = row.output.slice(-maxOutput);
  row.isCut = true;
}
