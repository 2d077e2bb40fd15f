import { formLocale } from "../../base/l10n.ts";
import { spellOutHidden } from "../../base/hiddenText.ts";

// Built from numbers so that the source holds no control characters.
const escape = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
const oscSequence = new RegExp(`${escape}[\\]PX^_][^${bell}${escape}\\n]*(?:${bell}|${escape}\\\\)`, "g");
const csiSequence = new RegExp(`${escape}\\[[0-?]*[ -/]*[@-~]`, "g");
const otherEscape = new RegExp(`${escape}[ -/]*[0-~]?`, "g");
const controls = /(?![\n\t])\p{Cc}/gu;
/** Text of an agent as it may be shown: no escape sequences or control characters; what reorders or hides text is spelled out. */
export function visibleText(text: string): string {
  const plain = text.includes(escape) ? text.replaceAll(oscSequence, "").replaceAll(csiSequence, "").replaceAll(otherEscape, "") : text;
  return spellOutHidden(plain.replaceAll(/\r\n?/g, "\n").replaceAll(controls, ""));
}

/** Visible text on one line, cut to a length. */
export function visibleLine(text: string, length: number): string {
  const line = visibleText(text.slice(0, length * 4))
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** A duration for people: 7 s, 3 min 05 s, 2 h 07 min. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (minutes === 0) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min ${two(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** A time of day. */
export function formatTime(at: number): string {
  return new Date(at).toLocaleTimeString(formLocale(), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
