import { TaskMasterError } from "../../model/errors.ts";

const maxSubject = 72;
const maxTitle = 4_000;
const maxBody = 64_000;
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Names the attempt that a commit belongs to: `<taskId>/<attempt>`. */
export const idTrailer = "Task-Master-Id";
/** Marks a commit that only saves unfinished work; it does not count as the attempt's result. */
export const stateTrailer = "Task-Master-State";

/** Whose commit it is. */
export interface CommitOwner {
  readonly taskId: string;
  readonly attempt: number;
}

/** What a commit message is made of. */
export interface MessageParts extends CommitOwner {
  readonly subject: string;
  readonly body: string;
  readonly isUnfinished?: boolean;
}

/** A commit message from any text: a subject of at most 72 characters, the body, and our trailers as the last paragraph. */
export function buildMessage(parts: MessageParts): string {
  const title = cleanText(parts.subject).replace(/\s+/g, " ").trim();
  const subject = shorten(title === "" ? `Task ${parts.taskId}` : title);
  const paragraphs = [subject];
  if (subject !== title && title !== "") paragraphs.push(cut(title, maxTitle));
  const body = cut(cleanText(parts.body), maxBody).trim();
  if (body !== "") paragraphs.push(body);
  const trailers = [`${idTrailer}: ${ownerKey(parts)}`];
  if (parts.isUnfinished === true) trailers.push(`${stateTrailer}: unfinished`);
  return `${[...paragraphs, trailers.join("\n")].join("\n\n")}\n`;
}

/** `<taskId>/<attempt>`, safe in a trailer and in the name of a ref. @throws INVALID_INPUT */
export function ownerKey({ taskId, attempt }: CommitOwner): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(taskId)) throw new TaskMasterError("INVALID_INPUT", "The task's id may only have letters, digits, - and _.");
  return `${taskId}/${attempt}`;
}

/** Without control characters (but tab and line break) and halves of surrogate pairs. */
function cleanText(text: string): string {
  return text
    .slice(0, 4 * maxBody)
    .replace(/\r\n?/g, "\n")
    .replace(/(?![\t\n])\p{Cc}|\p{Cs}/gu, "");
}

function shorten(title: string): string {
  const characters = Array.from(graphemes.segment(cut(title, maxTitle)), ({ segment }) => segment);
  if (characters.length <= maxSubject) return title;
  return `${characters
    .slice(0, maxSubject - 1)
    .join("")
    .trimEnd()}…`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).replace(/\p{Cs}/gu, "")}…`;
}
