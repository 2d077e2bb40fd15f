import { TaskMasterError, type ErrorCode } from "../model/errors.ts";

/** What was tried when SQLite or the file system refused; goes into the message. */
export interface StoreContext {
  /** The database (or registry) file. */
  readonly path: string;
  /** A phrase such as "open the queue". */
  readonly action: string;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly advice: string;
  readonly retryable?: boolean;
}

const full: Refusal = { code: "DISK_FULL", advice: "The disk is full. Free some space; nothing that was confirmed is lost.", retryable: true };
const locked: Refusal = { code: "STORE_FAILED", advice: "Another program holds the file. Close it or try again in a moment.", retryable: true };
const readOnly: Refusal = { code: "STORE_FAILED", advice: "The file cannot be written. Check its permissions and those of its folder." };
const cannotOpen: Refusal = { code: "STORE_FAILED", advice: "The file cannot be opened. Check that its folder exists and that you may write there." };
const corrupt: Refusal = {
  code: "STORE_CORRUPT",
  advice: "The file is damaged or is no queue. It was left as it is: move it (with its -wal and -shm files) aside and restore a copy, or start anew.",
};
const ioError: Refusal = { code: "STORE_FAILED", advice: "Reading or writing the disk failed. Check the disk and try again.", retryable: true };
const unknown: Refusal = { code: "STORE_FAILED", advice: "" };

/** SQLite's primary result codes (sqlite.org/rescode.html); extended codes carry them in the low byte. */
const bySqliteCode: ReadonlyMap<number, Refusal> = new Map([
  [3, readOnly],
  [5, locked],
  [6, locked],
  [8, readOnly],
  [10, ioError],
  [11, corrupt],
  [13, full],
  [14, cannotOpen],
  [23, readOnly],
  [26, corrupt],
]);

const bySystemCode: ReadonlyMap<string, Refusal> = new Map([
  ["ENOSPC", full],
  ["EDQUOT", full],
  ["EACCES", readOnly],
  ["EPERM", readOnly],
  ["EROFS", readOnly],
  ["ENOENT", cannotOpen],
  ["ENOTDIR", cannotOpen],
  ["EIO", ioError],
]);

/** Any error of node:sqlite or node:fs as STORE_CORRUPT, STORE_FAILED or DISK_FULL; a TaskMasterError passes unchanged. */
export function toStoreError(thrown: unknown, { path, action }: StoreContext): TaskMasterError {
  if (thrown instanceof TaskMasterError) return thrown;
  const { code, advice, retryable } = refusalOf(thrown);
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const message = `Could not ${action} (${path}): ${reason}. ${advice}`.trimEnd();
  return new TaskMasterError(code, message, { cause: thrown, retryable: retryable ?? false });
}

/** SQLite's primary result code, undefined when the error is not SQLite's. */
export function sqliteCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return undefined;
  return thrown.errcode & 0xff;
}

function refusalOf(thrown: unknown): Refusal {
  const primary = sqliteCode(thrown);
  if (primary !== undefined) return bySqliteCode.get(primary) ?? unknown;
  const system = thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  return bySystemCode.get(system) ?? unknown;
}
