/**
 * When a limit of the provider ends, as its own words tell. Goose 1.52.0 hands on the message of the provider's answer and
 * nothing else: neither Retry-After nor any other header or field of the body (measured), and of a 402 not even the message.
 */

/** Longer texts are cut: the words that count stand at the beginning. */
const maxText = 4_096;
/** A time that lies further away is no reset time. */
const farthestMs = 62 * 86_400_000;

const unitMs: readonly (readonly [RegExp, number])[] = [
  [/^(ms|millisecond)/i, 1],
  [/^s/i, 1_000],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
  [/^d/i, 86_400_000],
];
const amount = String.raw`\d{1,9}(?:\.\d{1,6})?\s?(?:milliseconds?|minutes?|seconds?|hours?|days?|mins?|secs?|hrs?|ms|[smhd])\b|\d{1,4}[hm](?=\d)`;
const durationPattern = new RegExp(String.raw`(?:again|retry|retrying|resets?|wait|available)\b[^.\n\d]{0,40}((?:(?:${amount})(?:,? and |, | )?){1,5})`, "i");
const secondsPattern = /retry[- ]after["']?[:= ]{1,3}["']?(\d{1,7})\b(?! ?[a-z])/i;
const isoPattern =
  /(?:again|retry|resets?|reset_at|resets_at|until|available)\b[^\n]{0,40}?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})? ?(Z|UTC|GMT|[+-]\d\d:?\d\d)/i;
const epochPattern = /(?:again|retry|resets?|reset_at|resets_at|limit reached)\b[^\n\d]{0,40}(\d{13}|\d{10})\b/i;

/** The time in milliseconds; undefined when the text names none, or one that is over or absurdly far away. */
export function readResetTime(fullText: string, now: number): number | undefined {
  const text = fullText.slice(0, maxText);
  const times = [isoTime(text), epochTime(text), afterDuration(text, now), afterSeconds(text, now)];
  return times.find((time) => time !== undefined && time > now && time < now + farthestMs);
}

function isoTime(text: string): number | undefined {
  const [, day, time, zone = ""] = isoPattern.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const offset = /^[+-]/.test(zone) ? zone.replace(/^(...)(\d\d)$/, "$1:$2") : "Z";
  const at = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(at) ? undefined : at;
}

function epochTime(text: string): number | undefined {
  const digits = epochPattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits) * (digits.length === 10 ? 1_000 : 1);
}

function afterDuration(text: string, now: number): number | undefined {
  const words = durationPattern.exec(text)?.[1];
  if (words === undefined) return undefined;
  const parts = [...words.matchAll(/(\d+(?:\.\d+)?)\s?([a-z]+)/gi)];
  return parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (unitMs.find(([pattern]) => pattern.test(unit))?.[1] ?? 0), now);
}

function afterSeconds(text: string, now: number): number | undefined {
  const seconds = secondsPattern.exec(text)?.[1];
  return seconds === undefined ? undefined : now + Number(seconds) * 1_000;
}
