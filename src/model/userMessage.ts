import { TaskMasterError } from "./errors.ts";
import { maxSaid } from "./runWish.ts";

/** Words of the user for the agent at work on a task. */
export interface UserMessage {
  readonly id: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Most characters that may wait for one task, so that its row stays small. */
export const maxWaiting = 100_000;

const saidPrefix = "said-";

/** The id of the message in the journal by which the agent is known to have the words. */
export function saidMessageId(id: string): string {
  return saidPrefix + id;
}

/** Whether a message in the journal has the id of words of the user. */
export function isSaidMessageId(messageId: string): boolean {
  return messageId.startsWith(saidPrefix);
}

/** Several messages as one text for the agent. */
export function asOneText(messages: readonly Pick<UserMessage, "text">[]): string {
  return messages.map(({ text }) => text).join("\n\n");
}

/** Words as they are stored: trimmed, well-formed, without control characters (INVALID_INPUT when nothing is left or it is too much). */
export function checkSaid(raw: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it removes
  const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
  const text = raw.replaceAll(/\r\n?/g, "\n").replaceAll(controls, "").toWellFormed().trim();
  if (text === "") throw new TaskMasterError("INVALID_INPUT", "The message is empty. Say what Goose is to know or to do.");
  if (text.length <= maxSaid) return text;
  throw new TaskMasterError(
    "INVALID_INPUT",
    `The message has ${text.length} characters; at most ${maxSaid} are possible. Put long material into a file of the repository and name it.`,
  );
}

/** Whether these are messages, as a row that somebody edited may hold anything. */
export function areMessages(value: unknown): value is readonly UserMessage[] {
  const isMessage = (item: unknown): boolean => {
    if (typeof item !== "object" || item === null) return false;
    const { id, text, at } = item as Partial<UserMessage>;
    return typeof id === "string" && typeof text === "string" && typeof at === "number";
  };
  return Array.isArray(value) && value.every(isMessage);
}
