/** What became of the queue that the registry names for a repository, and the words for it. */
import { existsSync, renameSync, statSync } from "node:fs";
import { TaskMasterError } from "../model/errors.ts";
import { openDatabase, type OpenedDatabase } from "./openDatabase.ts";
import type { RegistryEntry } from "./queueRegistry.ts";
import { toStoreError } from "./sqliteErrors.ts";

/** The queue itself, or why it is not there any more and where its remains were put. */
export type RegisteredQueue =
  | { readonly kind: "same"; readonly opened: OpenedDatabase }
  | { readonly kind: "gone" | "emptied"; readonly remains: readonly string[] }
  | { readonly kind: "replaced" };

/** What stands in the registered queue's stead. */
export interface Successor {
  readonly opened: OpenedDatabase;
  /** Whether it was made just now. */
  readonly isNew: boolean;
}

/**
 * Opens the registered queue, or finds out what became of it; to be called before another one is made at its place.
 * A damaged queue throws: its tasks may be saved.
 */
export function openRegisteredQueue({ database, uuid }: RegistryEntry): RegisteredQueue {
  const size = statSync(database, { throwIfNoEntry: false })?.size;
  if (size === undefined) return { kind: "gone", remains: keepAside(database) };
  // SQLite would take the empty file for a new queue while another process may still hold the old one in it.
  if (size === 0) return { kind: "emptied", remains: keepAside(database) };
  const opened = openDatabase(database);
  if (opened.uuid === uuid) return { kind: "same", opened };
  opened.db.close();
  return { kind: "replaced" };
}

/** REGISTRY_STALE: what became of the registered queue, of its tasks, and which queue is used from now on. */
export function staleWarning(entry: RegistryEntry, found: Exclude<RegisteredQueue, { kind: "same" }>, { opened, isNew }: Successor): TaskMasterError {
  const why = { gone: "is gone", emptied: "was emptied", replaced: "is another queue now" }[found.kind];
  const what = `The queue registered for this repository (${entry.database}) ${why}.`;
  if (opened.uuid === entry.uuid) return stale(`${what} The same queue was found at ${opened.path}.`);
  const remains = found.kind === "replaced" || found.remains.length === 0 ? "" : ` What was left of it was kept as ${found.remains.join(" and ")}.`;
  const next = isNew
    ? `A new, empty queue was started at ${opened.path}.`
    : `The queue ${opened.path} with ${taskCount(countTasks(opened.db))} is used from now on.`;
  return stale(`${what} Its tasks are lost, unless there is a copy of it.${remains} ${next}`);
}

/** A number of tasks in words. */
export function taskCount(tasks: number): string {
  return `${tasks} task${tasks === 1 ? "" : "s"}`;
}

/** How many tasks a queue has. */
export function countTasks(db: OpenedDatabase["db"]): number {
  return Number(db.prepare("SELECT count(*) AS tasks FROM tasks").get()?.["tasks"]);
}

function stale(message: string): TaskMasterError {
  return new TaskMasterError("REGISTRY_STALE", message);
}

/**
 * Moves the file and its companions out of the way, so that SQLite neither mixes them with a new queue nor deletes them.
 * Returns the names of those that hold something.
 */
function keepAside(database: string): readonly string[] {
  const suffixes = ["", "-wal", "-shm"].filter((suffix) => existsSync(database + suffix));
  let number = 1;
  while (["", "-wal", "-shm"].some((suffix) => existsSync(`${database}.lost-${number}${suffix}`))) number += 1;
  const aside = `${database}.lost-${number}`;
  try {
    for (const suffix of suffixes) renameSync(database + suffix, aside + suffix);
    // The index of the log says nothing without the log.
    return suffixes.filter((suffix) => suffix !== "-shm" && statSync(aside + suffix).size > 0).map((suffix) => aside + suffix);
  } catch (error) {
    throw toStoreError(error, { path: database, action: "keep the rest of the queue aside" });
  }
}
