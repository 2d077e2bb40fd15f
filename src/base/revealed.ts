/** Characters that do something instead of being seen: controls, marks of direction, nothing-wide ones, fillers. */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** A text of which somebody must see every character: what cannot be seen is spelled out, nothing is left out. */
export function revealed(text: string): string {
  return text.replaceAll(unseen, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`);
}
