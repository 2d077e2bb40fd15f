import { toTaskMasterError } from "../model/errors.ts";
import type { Logger } from "./ports.ts";

/** A failure that nobody waits for. */
export function logFailure(log: Logger, what: string, thrown: unknown): void {
  const error = toTaskMasterError(thrown);
  log.warn(what, { code: error.code, error: error.message });
}
