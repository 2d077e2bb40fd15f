import * as v from "valibot";
import { TaskMasterError } from "../../model/errors.ts";
import type { JsonObject } from "../../base/json.ts";

/** A handler's input in its form, or INVALID_INPUT with the first thing that is wrong. */
export function parseInput<S extends v.GenericSchema>(handler: string, schema: S, input: JsonObject): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new TaskMasterError("INVALID_INPUT", `${handler}: ${v.getDotPath(issue) ?? "input"}: ${issue.message}`);
}
