import type { JsonValue } from "../../base/json.ts";

/** Longest string of a tool's input, and longest text of a diff or of output (characters). */
export const maxString = 65_536;
/** Largest input as a whole; what is larger is replaced by a note. */
const maxInput = 4 * maxString;
const maxKey = 1_000;
const maxDepth = 12;

/**
 * Any value of Goose's in a form that is safe to keep: strings cut, so that a written file of a megabyte does not travel as its own
 * description; so deep and no deeper, because what works on trees recurses; numbers that JSON cannot hold as texts.
 */
export function capInput(value: unknown): JsonValue {
  const capped = cap(value, 0);
  const size = JSON.stringify(capped).length;
  return size <= maxInput ? capped : { omitted: `input of ${size} characters` };
}

function cap(value: unknown, depth: number): JsonValue {
  if (typeof value === "string") return value.length <= maxString ? value : `${value.slice(0, maxString)}… (${value.length} characters)`;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value !== "object" || depth >= maxDepth) return null;
  if (Array.isArray(value)) return value.map((item) => cap(item, depth + 1));
  const entries = Object.entries(value).filter(([key]) => key !== "__proto__");
  return Object.fromEntries(entries.map(([key, item]) => [key.slice(0, maxKey), cap(item, depth + 1)]));
}
