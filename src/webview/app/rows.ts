import type { JsonValue } from "../../base/json.ts";
import type { MessageRole } from "../../model/taskEvent.ts";
import type { ToolCallStatus, ToolDiff } from "../../model/toolCall.ts";

interface RowBase {
  readonly key: string;
  /** The first event that it is made of. */
  seq: number;
  readonly at: number;
  /** Grows when something else than an addition at the end of the text has changed. */
  revision: number;
}

/** What somebody said, its pieces joined. */
export interface MessageRow extends RowBase {
  readonly kind: "message";
  readonly attempt: number;
  readonly role: MessageRole;
  readonly messageId: string;
  text: string;
  /** The text was longer than what is kept. */
  isCut: boolean;
}

/** One tool call with everything that is known of it. */
export interface ToolRow extends RowBase {
  readonly kind: "tool";
  readonly toolCallId: string;
  toolName?: string | undefined;
  title?: string | undefined;
  input?: JsonValue | undefined;
  status: ToolCallStatus;
  /** The end of the output. */
  output: string;
  /** The beginning of the output is not kept. */
  isCut: boolean;
  diffs?: readonly ToolDiff[] | undefined;
  exitCode?: number | undefined;
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
