import * as v from "valibot";
import type { JsonObject, JsonValue } from "../base/json.ts";

/** Validates any JSON value. */
export const jsonValueSchema: v.GenericSchema<JsonValue> = v.lazy(() =>
  v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(jsonValueSchema), jsonObjectSchema]),
);

/** Validates a JSON object. */
export const jsonObjectSchema: v.GenericSchema<JsonObject> = v.record(v.string(), v.optional(jsonValueSchema));
