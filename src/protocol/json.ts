import * as v from "valibot";
import type { JsonObject, JsonValue } from "../base/json.ts";

/** Deeper values are refused: whatever works on trees recurses, and the stack of the host is not the sender's to use up. */
const maxDepth = 100;
/** Most values in one; a value that stands in several places counts in each. */
const maxValues = 1_000_000;

/** Validates any JSON value. */
export const jsonValueSchema: v.GenericSchema<JsonValue> = v.custom<JsonValue>((value) => value !== undefined && isJson(value));

/** Validates a JSON object. */
export const jsonObjectSchema: v.GenericSchema<JsonObject> = v.custom<JsonObject>((value) => isPlainObject(value) && isJson(value));

/** Looks at each value once, level by level, so that the time is bounded whatever the shape; a circle is too deep. */
function isJson(value: unknown): boolean {
  let level: unknown[] = [value];
  let count = 0;
  for (let depth = 0; level.length > 0; depth++) {
    count += level.length;
    if (depth > maxDepth || count > maxValues || !level.every(isOneValue)) return false;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? (Object.values(item) as unknown[]) : []));
  }
  return true;
}

function isOneValue(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return !value.includes(undefined);
  if (typeof value === "object" && value !== null) return isPlainObject(value);
  // An absent field of an object may stand there as undefined.
  return value === null || value === undefined || typeof value === "string" || typeof value === "boolean";
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Object.hasOwn(value, "__proto__")) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
