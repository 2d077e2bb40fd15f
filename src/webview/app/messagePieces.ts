import type { MessageRow } from "./rows.ts";

/**
 * Where a long message is cut into rows: behind the first blank line from here on, but not inside a block of code; behind any
 * line from here on; anywhere from here on. So the cuts do not depend on the pieces in which the text came.
 */
export const minPiece = 3_000;
export const maxLines = 6_000;
export const maxPiece = 12_000;

const opening = /^ {0,3}(`{3,}|~{3,})[^`]*$/;

/** Reads a message line by line as it grows and finds the place where its row has to end. */
export class PieceScanner {
  #fence: string | undefined;
  /** Begin of the line that is not complete yet. */
  #lineStart = 0;

  constructor(fence: string | undefined) {
    this.#fence = fence;
  }

  /** The line that opened the block of code in which the text ends so far. */
  get fence(): string | undefined {
    return this.#fence;
  }

  /** Where the text is to be cut; undefined while it is not long enough. */
  cut(text: string): number | undefined {
    for (let end = text.indexOf("\n", this.#lineStart); end >= 0; end = text.indexOf("\n", this.#lineStart)) {
      if (end >= maxPiece) return maxPiece;
      const line = text.slice(this.#lineStart, end);
      this.#lineStart = end + 1;
      this.#fence = fenceAfter(line, this.#fence);
      const isParagraphEnd = this.#fence === undefined && line.trim() === "";
      if (end + 1 >= (isParagraphEnd ? minPiece : maxLines)) return end + 1;
    }
    return text.length > maxPiece ? maxPiece : undefined;
  }
}

/** The open block of code behind a line. */
function fenceAfter(line: string, fence: string | undefined): string | undefined {
  if (fence === undefined) return opening.test(line) ? line : undefined;
  const mark = opening.exec(fence)?.[1] ?? "```";
  const closing = line.trim();
  const isClosing = closing.length >= mark.length && closing === (mark[0] ?? "`").repeat(closing.length);
  return isClosing ? undefined : fence;
}

/** The text of a row as Markdown that stands alone. */
export function markdownOf({ text, fence }: Pick<MessageRow, "text" | "fence">): string {
  return fence === undefined ? text : `${fence}\n${text}`;
}
