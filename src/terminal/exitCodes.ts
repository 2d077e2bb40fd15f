import type { ErrorCode } from "../model/errors.ts";

/** What the process tells its caller (experience.md section 4). */
export const exitCodes = { ok: 0, failed: 1, usage: 2, precondition: 3, interrupted: 130, terminated: 143 } as const;

const usageCodes: ReadonlySet<ErrorCode> = new Set(["INVALID_INPUT", "TASK_NOT_FOUND"]);

/** Errors of the machine's set-up: the same task would run once they are put right. */
const preconditionCodes: ReadonlySet<ErrorCode> = new Set([
  "NO_FOLDER",
  "UNTRUSTED",
  "GIT_NOT_FOUND",
  "NOT_A_REPOSITORY",
  "BARE_REPOSITORY",
  "NO_COMMIT",
  "NO_IDENTITY",
  "GIT_UNSAFE",
  "DIRTY_REPOSITORY",
  "SQLITE_MISSING",
  "STORE_TOO_NEW",
  "STORE_CORRUPT",
  "STORE_FAILED",
  "REGISTRY_CORRUPT",
  "REGISTRY_STALE",
  "DISK_FULL",
  "GOOSE_NOT_FOUND",
  "GOOSE_NOT_EXECUTABLE",
  "GOOSE_WRONG_PROGRAM",
  "GOOSE_TOO_OLD",
  "GOOSE_NOT_CONFIGURED",
]);

/** The exit code for an error that ended a verb. */
export function exitCodeOf(code: ErrorCode): number {
  if (usageCodes.has(code)) return exitCodes.usage;
  return preconditionCodes.has(code) ? exitCodes.precondition : exitCodes.failed;
}

/** The exit code of a run from why its unfinished tasks did not end done; undefined stands for "no error known". */
export function exitCodeOfRun(failures: readonly (ErrorCode | undefined)[]): number {
  if (failures.length === 0) return exitCodes.ok;
  return failures.every((code) => code !== undefined && preconditionCodes.has(code)) ? exitCodes.precondition : exitCodes.failed;
}

/** The exit code of a process that a signal asked to end. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  if (signal === "SIGINT") return exitCodes.interrupted;
  return signal === "SIGHUP" ? 129 : exitCodes.terminated;
}
