import { spellOutHidden } from "../base/hiddenText.ts";

/** Text on one line, cut to a length; what reorders or hides text is spelled out: a title must not read as something else than it is. */
export function oneLine(text: string, length: number): string {
  const line = spellOutHidden(text.replaceAll(/[\s\p{Cc}\u2028\u2029]+/gu, " ")).trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
