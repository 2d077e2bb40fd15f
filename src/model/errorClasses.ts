/**
 * What kind of failure every error code is, and what follows from it: the one table of the retry policy.
 *
 * An attempt that failed is tried again when three things hold: its error says that it may pass (`retryable`), the task has
 * tries left (`maxAttempts`), and its class has (`tries`). What waits for its limit or for space on the disk costs no try.
 */
import type { ErrorCode } from "./errors.ts";

/** What a failure means for the attempt, its task and the queue. */
export type ErrorClass =
  /** The connection to the provider failed. */
  | "network"
  /** The provider asks for a pause. */
  | "limit"
  /** The account has no credit left. */
  | "credits"
  /** The provider had an error of its own, or refused the request (then it is not retryable). */
  | "provider"
  | "authentication"
  /** Goose itself broke down, hung, or lost its session. */
  | "agent"
  /** The model refused, or the task is too large for a limit: the same again would end the same way. */
  | "refused"
  | "verification"
  /** Another git process was in the way, or a branch is (then it is not retryable). */
  | "git"
  /** The disk is full, or the queue's file cannot be used. */
  | "storage"
  /** A worker died, or something that should not happen did. */
  | "internal"
  /** Something is missing on this machine. */
  | "setup"
  /** What the caller gave, or did, was wrong. */
  | "input";

/** How attempts that failed in one way are tried again. Delays are in milliseconds. */
export interface RetryPolicy {
  /** So many attempts are worth while, whatever the task allows; 1 means never again. */
  readonly tries: number;
  readonly firstDelayMs: number;
  /** Each delay is twice the one before, up to this. */
  readonly maxDelayMs: number;
  /** The wait is nobody's fault: the attempt costs no try, so that the task waits as long as it must. */
  readonly isFree?: true;
  /** When it is not tried again: only the task has failed, or the queue stops, because every other task would meet the same. */
  readonly whenFinal: "fail" | "stop the queue";
}

const second = 1_000;
const minute = 60 * second;
const never = { tries: 1, firstDelayMs: 0, maxDelayMs: 0 } as const;

/** What follows from each class. */
export const retryPolicies: { readonly [C in ErrorClass]: RetryPolicy } = {
  network: { tries: 20, firstDelayMs: 10 * second, maxDelayMs: 15 * minute, whenFinal: "fail" },
  limit: { tries: Infinity, firstDelayMs: minute, maxDelayMs: 60 * minute, isFree: true, whenFinal: "fail" },
  credits: { ...never, whenFinal: "stop the queue" },
  provider: { tries: 10, firstDelayMs: 30 * second, maxDelayMs: 30 * minute, whenFinal: "fail" },
  authentication: { ...never, whenFinal: "stop the queue" },
  agent: { tries: 5, firstDelayMs: 10 * second, maxDelayMs: 5 * minute, whenFinal: "fail" },
  refused: { ...never, whenFinal: "fail" },
  verification: { tries: 3, firstDelayMs: 5 * second, maxDelayMs: minute, whenFinal: "fail" },
  git: { tries: 5, firstDelayMs: 2 * second, maxDelayMs: minute, whenFinal: "fail" },
  storage: { tries: Infinity, firstDelayMs: minute, maxDelayMs: 15 * minute, isFree: true, whenFinal: "stop the queue" },
  internal: { tries: 3, firstDelayMs: 5 * second, maxDelayMs: minute, whenFinal: "fail" },
  setup: { ...never, whenFinal: "stop the queue" },
  input: { ...never, whenFinal: "fail" },
};

/** The class of every code. */
export const errorClasses: { readonly [C in ErrorCode]: ErrorClass } = {
  INVALID_INPUT: "input",
  TASK_NOT_FOUND: "input",
  DEPENDENCY_CYCLE: "input",
  ILLEGAL_TRANSITION: "input",
  CONFLICT: "internal",
  STALE_LEASE: "internal",
  NO_FOLDER: "setup",
  UNTRUSTED: "setup",
  GIT_NOT_FOUND: "setup",
  NOT_A_REPOSITORY: "setup",
  BARE_REPOSITORY: "setup",
  NO_COMMIT: "setup",
  NO_IDENTITY: "setup",
  GIT_UNSAFE: "setup",
  GIT_FAILED: "git",
  GIT_CONFLICT: "git",
  DIRTY_REPOSITORY: "setup",
  SQLITE_MISSING: "setup",
  STORE_TOO_NEW: "setup",
  STORE_CORRUPT: "storage",
  STORE_FAILED: "storage",
  STORE_RECOVERED: "storage",
  REGISTRY_CORRUPT: "storage",
  REGISTRY_STALE: "storage",
  DISK_FULL: "storage",
  GOOSE_NOT_FOUND: "setup",
  GOOSE_NOT_EXECUTABLE: "setup",
  GOOSE_WRONG_PROGRAM: "setup",
  GOOSE_TOO_OLD: "setup",
  GOOSE_NOT_CONFIGURED: "setup",
  GOOSE_PROTOCOL: "agent",
  GOOSE_EXITED: "agent",
  GOOSE_AUTHENTICATION: "authentication",
  GOOSE_CREDITS: "credits",
  GOOSE_RATE_LIMIT: "limit",
  GOOSE_PROVIDER: "provider",
  GOOSE_NETWORK: "network",
  GOOSE_MAX_TURNS: "refused",
  GOOSE_MAX_TOKENS: "refused",
  GOOSE_CONTEXT_FULL: "refused",
  GOOSE_NO_ANSWER: "provider",
  GOOSE_REFUSED: "refused",
  GOOSE_SESSION_LOST: "agent",
  TIMEOUT: "agent",
  VERIFICATION_FAILED: "verification",
  CANCELLED: "input",
  WORKER_FAILED: "internal",
  UNKNOWN_HANDLER: "internal",
  COMMAND_FAILED: "internal",
  INTERNAL: "internal",
};

/** Whether something is wrong with the machine's set-up: the same task would run once it is put right, and no other will before. */
export function isSetupError(code: ErrorCode): boolean {
  return errorClasses[code] === "setup" || errorClasses[code] === "storage";
}
