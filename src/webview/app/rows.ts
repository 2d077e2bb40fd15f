import type { JsonValue } from "../../base/json.ts";
import type { MessageRole } from "../../model/taskEvent.ts";
import type { ToolCallStatus, ToolDiff, ToolLocation } from "../../model/toolCall.ts";

interface RowBase {
  readonly key: string;
  /** The first event that it is made of. */
  seq: number;
  readonly at: number;
  /** Grows when something else than an addition at the end of the text has changed. */
  revision: number;
}

/** What somebody said, its pieces joined; a long message is several rows. */
export interface MessageRow extends RowBase {
  readonly kind: "message";
  readonly attempt: number;
  readonly role: MessageRole;
  readonly messageId: string;
  text: string;
  /** The row before has the text that comes before. */
  readonly isContinued: boolean;
  /** The line that opened the block of code in which the text begins; undefined when it begins outside of one. */
  fence: string | undefined;
}

/** One tool call with everything that is known of it. */
export interface ToolRow extends RowBase {
  readonly kind: "tool";
  readonly toolCallId: string;
  /** The last event that it is made of. */
  lastSeq: number;
  toolName?: string | undefined;
  title?: string | undefined;
  /** What sort of thing it does, in ACP's words. */
  toolKind?: string | undefined;
  input?: JsonValue | undefined;
  status: ToolCallStatus;
  /** The end of the output. */
  output: string;
  /** The beginning of the output is not kept. */
  isCut: boolean;
  diffs?: readonly ToolDiff[] | undefined;
  /** The event that named the diffs, by which the host finds their files. */
  diffsSeq?: number | undefined;
  locations?: readonly ToolLocation[] | undefined;
  locationsSeq?: number | undefined;
  /** The newest lines of what went on inside. */
  activity: readonly string[];
  exitCode?: number | undefined;
  /** When it went to work and when it ended. */
  startedAt?: number | undefined;
  endedAt?: number | undefined;
}

/** How a line looks: its icon and colour. */
export type LineTone = "info" | "good" | "bad" | "warning" | "quiet";

/** Something that happened to the task, in a line. */
export interface LineRow extends RowBase {
  readonly kind: "line";
  readonly tone: LineTone;
  readonly text: string;
  readonly details?: string | undefined;
}

/** A row of the log. */
export type Row = MessageRow | ToolRow | LineRow;

/** How much a row weighs in the memory of the page, in characters. */
export function weightOf(row: Row): number {
  if (row.kind === "message") return 300 + row.text.length;
  if (row.kind === "line") return 300 + (row.details?.length ?? 0);
  const diffs = (row.diffs ?? []).reduce((sum, { newText, oldText = "" }) => sum + newText.length + oldText.length, 0);
  return 1_000 + row.output.length + diffs;
}
