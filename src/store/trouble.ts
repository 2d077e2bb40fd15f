import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { Emitter, type Event } from "../base/event.ts";
import { TaskMasterError } from "../model/errors.ts";
import { sqliteCode, toStoreError, type StoreContext } from "./sqliteErrors.ts";

/** SQLite's codes for a damaged file. */
const damageCodes: ReadonlySet<number | undefined> = new Set([11, 26]);

/** Whether SQLite says that the file itself is damaged. */
export function isDamage(thrown: unknown): boolean {
  return damageCodes.has(sqliteCode(thrown)) || (thrown instanceof Error && damageCodes.has(sqliteCode(thrown.cause)));
}

/** Makes store errors, and tells once of each trouble that concerns the queue as a whole: lost while it was open (STORE_FAILED), damaged (STORE_CORRUPT). */
export class Trouble {
  readonly #path: string;
  readonly #listener: (error: TaskMasterError) => void;
  readonly #told = new Set<string>();

  constructor(path: string, listener: (error: TaskMasterError) => void = () => undefined) {
    this.#path = path;
    this.#listener = listener;
  }

  /** Looks whether the file is the queue's, with the words for it. */
  check(assertSameFile: () => void): void {
    try {
      assertSameFile();
    } catch (thrown) {
      const error = toStoreError(thrown, { path: this.#path, action: "look at the queue" });
      // A passing refusal of the system says nothing about the file.
      if (!error.retryable) this.tell(error);
      throw error;
    }
  }

  /** What was thrown as a TaskMasterError. */
  toError(thrown: unknown, context: Omit<StoreContext, "path">): TaskMasterError {
    const error = toStoreError(thrown, { path: this.#path, ...context });
    if (isDamage(error)) this.tell(damagedQueue(this.#path, error.cause instanceof Error ? error.cause.message : error.message));
    return error;
  }

  /** Tells it, if it was not told before; a damaged file is looked at closely when it is opened the next time. */
  tell(error: TaskMasterError): void {
    if (this.#told.has(error.code)) return;
    this.#told.add(error.code);
    if (error.code === "STORE_CORRUPT") suspect(this.#path);
    this.#listener(error);
  }
}

/** An event of troubles whose later listeners hear of the earlier ones too. */
export class TroubleSource {
  readonly #emitter: Emitter<TaskMasterError>;
  readonly #told: TaskMasterError[] = [];

  constructor(onListenerError: (error: unknown) => void) {
    this.#emitter = new Emitter(onListenerError);
  }

  readonly event: Event<TaskMasterError> = (listener) => {
    for (const error of this.#told) listener(error);
    return this.#emitter.event(listener);
  };

  tell(error: TaskMasterError): void {
    this.#told.push(error);
    this.#emitter.fire(error);
  }
}

/** Lets whoever opens the queue next check all of it. */
function suspect(database: string): void {
  try {
    closeSync(openSync(suspectOf(database), "a", 0o600));
  } catch {
    // The damage was told; it will be met again.
  }
}

/** Whether somebody met damage in the queue. */
export function isSuspect(database: string): boolean {
  return existsSync(suspectOf(database));
}

/** The queue was found healthy, or was put right. */
export function clearSuspicion(database: string): void {
  rmSync(suspectOf(database), { force: true });
}

function suspectOf(database: string): string {
  return `${database}.suspect`;
}

/** STORE_CORRUPT: what was found in an open queue and what to do about it. */
export function damagedQueue(database: string, what: string): TaskMasterError {
  const advice =
    "Reload the window, or end the command and start it again: the damaged file is then kept aside, and what can be read of it is put into a fresh one.";
  return new TaskMasterError("STORE_CORRUPT", `The queue ${database} is damaged (${what}). ${advice}`);
}
