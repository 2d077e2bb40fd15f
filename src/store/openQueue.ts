import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { cyrb53 } from "../base/cyrb53.ts";
import { TaskMasterError } from "../model/errors.ts";
import { findGitCommonDir } from "./gitCommonDir.ts";
import { openDatabase, type OpenedDatabase } from "./openDatabase.ts";
import { QueueRegistry, userDataDirectory, type RegistryEntry, type UserDirectoryOptions } from "./queueRegistry.ts";
import { SqliteTaskStore, type SqliteTaskStoreOptions } from "./sqliteTaskStore.ts";

/** Which folder's queue to open, and where a new one may be made. */
export interface OpenQueueOptions extends UserDirectoryOptions {
  /** The open folder, anywhere in the repository. */
  readonly folder: string;
  /** VS Code's storage directory of the workspace; absent in the terminal. */
  readonly ownDirectory?: string;
  /** The user's data directory; found by platform when absent. */
  readonly dataDirectory?: string;
  readonly store?: SqliteTaskStoreOptions;
}

/** An open queue. */
export interface OpenedQueue {
  /** The real path of the folder. */
  readonly folder: string;
  readonly store: SqliteTaskStore;
  readonly databasePath: string;
  /** The queue's own directory, the same for every process that opens it: worktrees and temporary files go there. */
  readonly stateDirectory: string;
  /** REGISTRY_CORRUPT, REGISTRY_STALE: what was wrong and what was done about it. */
  readonly warnings: readonly TaskMasterError[];
}

interface Place {
  readonly opened: OpenedDatabase;
  readonly warnings: readonly TaskMasterError[];
}

const databaseName = "queue.db";

/**
 * Opens the one queue of the folder's repository, wherever the first process made it (product.md section 5); without git
 * the folder's own. Throws NO_FOLDER, SQLITE_MISSING, STORE_TOO_NEW, STORE_CORRUPT, STORE_FAILED, DISK_FULL.
 */
export async function openQueue(options: OpenQueueOptions): Promise<OpenedQueue> {
  const folder = realFolder(options.folder);
  const registry = new QueueRegistry(options.dataDirectory ?? userDataDirectory(options));
  const commonDir = findGitCommonDir(folder);
  const ownDirectory = options.ownDirectory ?? join(registry.directory, "queues", String(cyrb53(commonDir ?? folder)));
  const ownPath = join(ownDirectory, databaseName);
  // Look-up, making and registering are one step: processes that come first together end in one queue.
  const { opened, warnings } =
    commonDir === undefined ? { opened: openDatabase(ownPath), warnings: [] } : await registry.withLock(() => openRegistered(registry, commonDir, ownPath));
  const store = wrap(opened, options.store);
  return { folder, store, databasePath: opened.path, stateDirectory: dirname(opened.path), warnings };
}

function wrap(opened: OpenedDatabase, options: SqliteTaskStoreOptions | undefined): SqliteTaskStore {
  try {
    return new SqliteTaskStore(opened, options);
  } catch (error) {
    opened.db.close();
    throw error;
  }
}

function openRegistered(registry: QueueRegistry, commonDir: string, ownPath: string): Place {
  const { entries, warning } = registry.read();
  const warnings = warning === undefined ? [] : [warning];
  const entry = entries.get(commonDir);
  const followed = entry === undefined ? undefined : follow(entry);
  if (followed !== undefined) return { opened: followed, warnings: [...warnings, ...unusedQueue(followed.path, ownPath)] };

  const opened = openDatabase(ownPath);
  try {
    registry.write(new Map([...entries, [commonDir, { database: ownPath, uuid: opened.uuid }]]));
  } catch (error) {
    opened.db.close();
    throw error;
  }
  return { opened, warnings: entry === undefined ? warnings : [...warnings, staleWarning(entry, opened)] };
}

/** The registered queue; undefined when its file is gone or is another queue. A damaged one throws: its tasks may be saved. */
function follow({ database, uuid }: RegistryEntry): OpenedDatabase | undefined {
  if (!existsSync(database)) return undefined;
  const opened = openDatabase(database);
  if (opened.uuid === uuid) return opened;
  opened.db.close();
  return undefined;
}

function staleWarning(entry: RegistryEntry, opened: OpenedDatabase): TaskMasterError {
  const why = existsSync(entry.database) ? "is another queue now" : "is gone";
  const done = opened.uuid === entry.uuid ? "The same queue was found at" : "The queue used from now on is";
  return new TaskMasterError("REGISTRY_STALE", `The queue registered for this repository (${entry.database}) ${why}. ${done} ${opened.path}.`);
}

/** After a lost registry two queues of one repository may exist: say so rather than hide the tasks of the second. */
function unusedQueue(usedPath: string, ownPath: string): TaskMasterError[] {
  if (usedPath === ownPath || !existsSync(ownPath)) return [];
  const tasks = countTasks(ownPath);
  if (tasks === 0) return [];
  const many = tasks === undefined ? "that cannot be read" : `with ${tasks} task${tasks === 1 ? "" : "s"}`;
  return [new TaskMasterError("REGISTRY_STALE", `This repository uses the queue ${usedPath}. Another one ${many} lies unused at ${ownPath}.`)];
}

function countTasks(path: string): number | undefined {
  let opened: OpenedDatabase | undefined;
  try {
    opened = openDatabase(path);
    return Number(opened.db.prepare("SELECT count(*) AS tasks FROM tasks").get()?.["tasks"]);
  } catch {
    return undefined;
  } finally {
    opened?.db.close();
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch (error) {
    throw new TaskMasterError("NO_FOLDER", `There is no folder ${folder}.`, { cause: error });
  }
}
