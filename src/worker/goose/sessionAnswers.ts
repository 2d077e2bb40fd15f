/** Goose's answers to our requests, as far as we use them: the library that carries them does not look into all of them. */
import * as v from "valibot";
import { TaskMasterError } from "../../model/errors.ts";
import { maxSessionId } from "../../protocol/hostWorker.ts";

/** What session/new told. */
export const newSessionAnswer = v.looseObject({
  sessionId: v.pipe(v.string(), v.minLength(1), v.maxLength(maxSessionId)),
  configOptions: v.optional(v.unknown()),
});
export type NewSession = v.InferOutput<typeof newSessionAnswer>;

/** How a turn ended. */
export const promptAnswer = v.looseObject({ stopReason: v.string() });

/** The answer, when it has its form. */
export function readAnswer<S extends v.GenericSchema>(schema: S, answer: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, answer);
  if (result.success) return result.output;
  throw new TaskMasterError("GOOSE_PROTOCOL", "Goose gave an answer that does not fit the protocol. Retry the task; if it happens again, update Goose.", {
    retryable: true,
  });
}
