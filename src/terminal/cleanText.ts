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
/** Characters that change the order of what is shown (Trojan Source), and separators that some terminals take for line ends. */
const reordering = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Removes escape sequences and control characters (line breaks and tabs stay) and makes bidi controls visible as <U+202E>. */
export function cleanText(text: string): string {
  return text
    .replace(stringSequence, "")
    .replace(controlSequence, "")
    .replace(otherEscape, "")
    .replace(/\r\n?/g, "\n")
    .replace(controls, "")
    .replace(reordering, visible);
}

/** Like cleanText, on one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, " ").trim();
}

/** JSON for one NDJSON line: what a terminal could obey is escaped, so that the text is the same for a parser and harmless to look at. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => `\\u${hex(character)}`);
}

/** Cuts a line to a number of characters; a cut is shown as "...". */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, Math.max(0, length - 3)).join("")}...`;
}

function visible(character: string): string {
  return `<U+${hex(character).toUpperCase()}>`;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, "0");
}
