import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { cyrb53 } from "../base/cyrb53.ts";
import { TaskMasterError } from "../model/errors.ts";
import { findGitCommonDir } from "./gitCommonDir.ts";
import { openDatabase, type OpenedDatabase } from "./openDatabase.ts";
import { QueueRegistry, userDataDirectory, type UserDirectoryOptions } from "./queueRegistry.ts";
import { countTasks, openOwnQueue, openRegisteredQueue, staleWarning, taskCount } from "./registeredQueue.ts";
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
  /** REGISTRY_CORRUPT, REGISTRY_STALE, STORE_RECOVERED: what was wrong and what was done about it. */
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
  const { opened, warnings } = await registry.withLock(() => (commonDir === undefined ? openOwn(ownPath) : openRegistered(registry, commonDir, ownPath)));
  const store = wrap(opened, options.store);
  return { folder, store, databasePath: opened.path, stateDirectory: dirname(opened.path), warnings };
}

function wrap(opened: OpenedDatabase, options: SqliteTaskStoreOptions | undefined): SqliteTaskStore {
  try {
    return new SqliteTaskStore(opened, options);
  } catch (error) {
    opened.close();
    throw error;
  }
}

function openOwn(path: string): Place {
  const found = openOwnQueue(path);
  return found ?? { opened: openDatabase(path), warnings: [] };
}

function openRegistered(registry: QueueRegistry, commonDir: string, ownPath: string): Place {
  const { entries, warning } = registry.read();
  const warnings = warning === undefined ? [] : [warning];
  const entry = entries.get(commonDir);
  const isTaken = (uuid: string): boolean => [...entries.values()].some((other) => other.database === entry?.database && other.uuid === uuid);
  const found = entry === undefined ? undefined : openRegisteredQueue(entry, isTaken);
  if (found?.kind === "same") return { opened: found.opened, warnings: [...warnings, ...found.warnings, ...unusedQueue(found.opened.path, ownPath)] };

  const isNew = !existsSync(ownPath);
  const { opened, warnings: ownWarnings } = openOwn(ownPath);
  warnings.push(...ownWarnings);
  try {
    registry.write(new Map([...entries, [commonDir, { database: ownPath, uuid: opened.uuid }]]));
    return { opened, warnings: entry === undefined || found === undefined ? warnings : [...warnings, staleWarning(entry, found, { opened, isNew })] };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** After a lost registry two queues of one repository may exist: say so rather than hide the tasks of the second. */
function unusedQueue(usedPath: string, ownPath: string): TaskMasterError[] {
  if (usedPath === ownPath || !existsSync(ownPath)) return [];
  const many = countTasksAt(ownPath);
  if (many === 0) return [];
  const which = many === undefined ? "that cannot be read" : `with ${taskCount(many)}`;
  return [new TaskMasterError("REGISTRY_STALE", `This repository uses the queue ${usedPath}. Another one ${which} lies unused at ${ownPath}.`)];
}

function countTasksAt(path: string): number | undefined {
  let opened: OpenedDatabase | undefined;
  try {
    opened = openDatabase(path);
    return countTasks(opened.db);
  } catch {
    return undefined;
  } finally {
    opened?.close();
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch (error) {
    throw new TaskMasterError("NO_FOLDER", `There is no folder ${folder}.`, { cause: error });
  }
}
