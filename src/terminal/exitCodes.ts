import { isSetupError } from "../model/errorClasses.ts";
import type { ErrorCode } from "../model/errors.ts";

/** What the process tells its caller (experience.md section 4). */
export const exitCodes = { ok: 0, failed: 1, usage: 2, precondition: 3, interrupted: 130, terminated: 143 } as const;

const usageCodes: ReadonlySet<ErrorCode> = new Set(["INVALID_INPUT", "TASK_NOT_FOUND", "DEPENDENCY_CYCLE"]);

/** The exit code for an error that ended a verb. */
export function exitCodeOf(code: ErrorCode): number {
  if (usageCodes.has(code)) return exitCodes.usage;
  return isSetupError(code) ? exitCodes.precondition : exitCodes.failed;
}

/** The exit code of a run from why its unfinished tasks did not end done; undefined stands for "no error known". */
export function exitCodeOfRun(failures: readonly (ErrorCode | undefined)[]): number {
  if (failures.length === 0) return exitCodes.ok;
  return failures.every((code) => code !== undefined && isSetupError(code)) ? exitCodes.precondition : exitCodes.failed;
}

/** The exit code of a process that a signal asked to end. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  if (signal === "SIGINT") return exitCodes.interrupted;
  return signal === "SIGHUP" ? 129 : exitCodes.terminated;
}
