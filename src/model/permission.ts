import type { JsonValue } from "../base/json.ts";
import { maxSaid } from "./runWish.ts";
import type { ToolDiff } from "./toolCall.ts";

/** What Goose may do without a question; what is dangerous is asked about in every mode but the last, which declines it. */
export const approvalModes = ["autonomous", "askWrites", "askAll", "readOnly"] as const;
export type ApprovalMode = (typeof approvalModes)[number];

/** A tool call that waits for the user's decision. */
export interface PermissionQuestion {
  readonly id: string;
  readonly toolCallId: string;
  readonly toolName: string;
  readonly title: string;
  /** The exact command, or whatever else the tool is given. */
  readonly input?: JsonValue;
  /** What a write or an edit would change; long texts are cut. */
  readonly diff?: ToolDiff;
  /** Why it is asked about. */
  readonly why: string;
  /** What "Allow for this task" would allow; absent where only this one call can be allowed. */
  readonly covers?: { readonly key: string; readonly words: string };
  readonly askedAt: number;
}

export const permissionDecisions = ["allow_once", "allow_for_task", "reject"] as const;
export type PermissionDecisionWord = (typeof permissionDecisions)[number];

/** What the user decided; a note goes to Goose, with a rejection only. */
export interface PermissionAnswer {
  readonly questionId: string;
  readonly decision: PermissionDecisionWord;
  readonly note?: string;
}

/** Longest note (characters): what stands before it when it is told must fit too. */
export const maxNote = maxSaid - 1_000;
/** Longest command and longest text of a diff that a question holds (characters). */
export const maxQuestionText = 65_536;

/** The command that a question is about, where it is about one. */
export function commandOf({ input }: Pick<PermissionQuestion, "input">): string | undefined {
  return textField(input, "command");
}

/** A text in a tool's input by its name. */
export function textField(input: JsonValue | undefined, name: string): string | undefined {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return undefined;
  const value = (input as Readonly<Record<string, JsonValue | undefined>>)[name];
  return typeof value === "string" ? value : undefined;
}
