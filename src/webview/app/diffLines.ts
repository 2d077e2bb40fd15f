import type { ToolDiff } from "../../model/toolCall.ts";

/** One line of a shown difference. */
export interface DiffLine {
  readonly sign: "+" | "-" | " ";
  readonly text: string;
}

/** A difference of one file for the view. */
export interface ShownDiff {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly lines: readonly DiffLine[];
  /** Lines that are left out. */
  readonly hidden: number;
}

const contextLines = 3;

/** The changed middle of a file between what stayed at its beginning and end; simple, and linear in its size. */
export function diffLines({ path, oldText, newText }: ToolDiff, maxLines: number): ShownDiff {
  const before = splitLines(oldText ?? "");
  const after = splitLines(newText);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const removed = before.slice(head, before.length - tail);
  const added = after.slice(head, after.length - tail);
  const lines: DiffLine[] = [
    ...signed(" ", after.slice(Math.max(0, head - contextLines), head)),
    ...signed("-", removed),
    ...signed("+", added),
    ...signed(" ", after.slice(after.length - tail, after.length - tail + contextLines)),
  ];
  return { path, added: added.length, removed: removed.length, lines: lines.slice(0, maxLines), hidden: Math.max(0, lines.length - maxLines) };
}

function splitLines(text: string): readonly string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

function signed(sign: DiffLine["sign"], texts: readonly string[]): readonly DiffLine[] {
  return texts.map((text) => ({ sign, text }));
}
