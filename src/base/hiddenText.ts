/**
 * Characters that reorder or hide what people read: bidi controls (Trojan Source), separators that only some programs take for line
 * ends, zero-width characters and fillers, annotations, tags and the variation selectors that texts are smuggled in.
 * Joiners of scripts and emoji and the common variation selectors stay.
 */
export const hiddenCharacters =
  /[\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/** Spells out what would reorder or hide text: <U+202E>. */
export function spellOutHidden(text: string): string {
  return text.replaceAll(hiddenCharacters, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`);
}
