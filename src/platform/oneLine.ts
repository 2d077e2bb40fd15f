/** Bidi controls and invisible characters: a title must not read as something else than it is. */
const hidden = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** Text on one line, cut to a length; what reorders or hides text is spelled out. */
export function oneLine(text: string, length: number): string {
  const line = text
    .replaceAll(/[\s\p{Cc}\u2028\u2029]+/gu, " ")
    .replaceAll(hidden, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`)
    .trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
