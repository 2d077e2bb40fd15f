/** Every way in which something can go wrong, by name; tests assert these, never texts. */
export const errorCodes = [
  // what the caller gave
  "INVALID_INPUT",
  "TASK_NOT_FOUND",
  "ILLEGAL_TRANSITION",
  "DEPENDENCY_CYCLE",
  "CONFLICT",
  "STALE_LEASE",
  // where it runs
  "NO_FOLDER",
  "UNTRUSTED",
  "GIT_NOT_FOUND",
  "NOT_A_REPOSITORY",
  "BARE_REPOSITORY",
  "NO_COMMIT",
  "NO_IDENTITY",
  "GIT_UNSAFE",
  "GIT_FAILED",
  "GIT_CONFLICT",
  "DIRTY_REPOSITORY",
  // where state lives
  "SQLITE_MISSING",
  "STORE_TOO_NEW",
  "STORE_CORRUPT",
  "STORE_FAILED",
  "STORE_RECOVERED",
  "REGISTRY_CORRUPT",
  "REGISTRY_STALE",
  "DISK_FULL",
  // Goose
  "GOOSE_NOT_FOUND",
  "GOOSE_NOT_EXECUTABLE",
  "GOOSE_WRONG_PROGRAM",
  "GOOSE_TOO_OLD",
  "GOOSE_NOT_CONFIGURED",
  "GOOSE_PROTOCOL",
  "GOOSE_EXITED",
  "GOOSE_AUTHENTICATION",
  "GOOSE_CREDITS",
  "GOOSE_RATE_LIMIT",
  "GOOSE_PROVIDER",
  "GOOSE_NETWORK",
  "GOOSE_MAX_TURNS",
  "GOOSE_MAX_TOKENS",
  "GOOSE_CONTEXT_FULL",
  "GOOSE_NO_ANSWER",
  "GOOSE_REFUSED",
  "GOOSE_SESSION_LOST",
  "TIMEOUT",
  // the check of the work
  "VERIFICATION_FAILED",
  // the machinery
  "CANCELLED",
  "WORKER_FAILED",
  "UNKNOWN_HANDLER",
  "COMMAND_FAILED",
  "INTERNAL",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** An error with a code from the closed list. `retryable` says whether the same attempt may succeed later. */
export class TaskMasterError extends Error {
  override readonly name = "TaskMasterError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** More for a bug report: output of a command, the provider's words. Never secrets. */
  readonly details: string | undefined;
  /** When it is worth while to try again (ms since the epoch), where the provider said so. It is only the provider's word. */
  readonly retryAt: number | undefined;

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown; details?: string; retryAt?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
    this.retryAt = options.retryAt;
  }
}

/** Any thrown value as a TaskMasterError; what has no code becomes INTERNAL and keeps its cause. */
export function toTaskMasterError(thrown: unknown): TaskMasterError {
  if (thrown instanceof TaskMasterError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TaskMasterError("INTERNAL", message, { cause: thrown });
}

/** The reason that an AbortSignal of the engine carries when a person or a shutdown asked for the end. */
export function cancelledError(why: string): TaskMasterError {
  return new TaskMasterError("CANCELLED", why);
}

/** Nothing may be started in a workspace that the user does not trust. */
export function untrusted(): TaskMasterError {
  return new TaskMasterError("UNTRUSTED", "This workspace is not trusted: its queue can only be looked at. Trust the workspace to run tasks in it.");
}
