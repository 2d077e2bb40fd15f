import { toTaskMasterError, type ErrorCode } from "../model/errors.ts";

const codes: ReadonlySet<ErrorCode> = new Set(["ILLEGAL_TRANSITION", "CONFLICT", "STALE_LEASE", "TASK_NOT_FOUND"]);

/** Whether what was thrown says that somebody else was quicker: the task was taken, ended, changed or removed meanwhile. */
export function isOvertaken(thrown: unknown): boolean {
  return codes.has(toTaskMasterError(thrown).code);
}
