import { hiddenCharacters, spellOutHidden } from "../base/hiddenText.ts";

/** Text of an agent or a file is untrusted: a terminal must never obey it. */

const escape = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
const c1 = (code: number): string => String.fromCharCode(code);

// Built from strings so that the source holds no control characters. The bodies exclude every introducer, so matching is linear.
const stringIntroducers = `${c1(0x90)}${c1(0x98)}${c1(0x9d)}${c1(0x9e)}${c1(0x9f)}`;
const stringSequence = new RegExp(
  `(?:${escape}[\\]PX^_]|[${stringIntroducers}])[^${bell}${escape}${c1(0x9c)}${stringIntroducers}\\n]*(?:${bell}|${escape}\\\\|${c1(0x9c)})`,
  "g",
);
const controlSequence = new RegExp(`(?:${escape}\\[|${c1(0x9b)})[0-?]*[ -/]*[@-~]`, "g");
const otherEscape = new RegExp(`${escape}[ -/]*[0-~]?`, "g");
const controls = /(?![\n\t])\p{Cc}/gu;
/** Removes escape sequences and control characters (line breaks and tabs stay) and spells out what reorders or hides text: <U+202E>. */
export function cleanText(text: string): string {
  const obedient = text.replace(stringSequence, "").replace(controlSequence, "").replace(otherEscape, "");
  return spellOutHidden(obedient.replace(/\r\n?/g, "\n").replace(controls, ""));
}

/** Like cleanText, on one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, " ").trim();
}

/** JSON for one NDJSON line: what a terminal could obey is escaped, so that the text is the same for a parser and harmless to look at. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/[\u007f-\u009f]/g, escaped)
    .replaceAll(hiddenCharacters, escaped);
}

/** Cuts a line to a number of characters; a cut is shown as "...". */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, Math.max(0, length - 3)).join("")}...`;
}

/** As JSON writes a character; one beyond the first plane has two parts. */
function escaped(character: string): string {
  return character.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
