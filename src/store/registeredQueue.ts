/** What became of the queue that the registry names for a repository, what is done about it, and the words for it. */
import { TaskMasterError } from "../model/errors.ts";
import { openNewestBackup } from "./backups.ts";
import { inspectQueue } from "./inspectQueue.ts";
import type { OpenedDatabase } from "./openDatabase.ts";
import type { RegistryEntry } from "./queueRegistry.ts";
import { finishRecovery, isRecovering, keepAside, recover, type Damage } from "./recovery.ts";

/** The queue itself, or why it is not there any more and where its remains were put. */
export type RegisteredQueue =
  | { readonly kind: "same"; readonly opened: OpenedDatabase; readonly warnings: readonly TaskMasterError[] }
  | { readonly kind: "gone" | "emptied"; readonly remains: readonly string[] }
  | { readonly kind: "replaced" };

/** What stands in the registered queue's stead. */
export interface Successor {
  readonly opened: OpenedDatabase;
  /** Whether it was made just now. */
  readonly isNew: boolean;
}

/**
 * Opens the registered queue, put right where it must and can be, or finds out what became of it; to be called before another one is
 * made at its place. `isTaken` says whether a queue with another uuid is at home at this place. Only under the registry's lock.
 */
export function openRegisteredQueue({ database, uuid }: RegistryEntry, isTaken: (uuid: string) => boolean): RegisteredQueue {
  if (isRecovering(database)) return same(finishRecovery(database));
  const found = inspectQueue(database, uuid);
  if (found.kind === "damaged") return same(recover(database, damageOf(found, uuid)));
  if (found.kind === "whole") {
    if (found.opened.uuid === uuid) return same(found);
    const other = found.opened.uuid;
    found.opened.close();
    if (isTaken(other) || !hasBackup(database, uuid)) return { kind: "replaced" };
    return same(recover(database, { what: "was replaced by another queue", label: "replaced", uuid }));
  }
  if (!hasBackup(database, uuid)) return { kind: found.kind, remains: keepAside(database, "lost") };
  return same(recover(database, { what: found.kind === "gone" ? "is gone" : "was emptied", label: "lost", uuid }));
}

/** Opens a queue that no registry knows, put right where it must be; undefined when there is none. Only under the registry's lock. */
export function openOwnQueue(database: string): Extract<RegisteredQueue, { kind: "same" }> | undefined {
  if (isRecovering(database)) return same(finishRecovery(database));
  const found = inspectQueue(database);
  if (found.kind === "whole") return same(found);
  if (found.kind === "damaged") return same(recover(database, damageOf(found)));
  return undefined;
}

function damageOf({ why, prefersBackup }: { readonly why: string; readonly prefersBackup?: boolean }, uuid?: string): Damage {
  return {
    what: `is damaged (${why})`,
    label: "damaged",
    ...(uuid === undefined ? {} : { uuid }),
    ...(prefersBackup === undefined ? {} : { prefersBackup }),
  };
}

function same({ opened, warning }: { readonly opened: OpenedDatabase; readonly warning?: TaskMasterError }): Extract<RegisteredQueue, { kind: "same" }> {
  return { kind: "same", opened, warnings: warning === undefined ? [] : [warning] };
}

function hasBackup(database: string, uuid: string): boolean {
  const backup = openNewestBackup(database, uuid);
  backup?.db.close();
  return backup !== undefined;
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
