/**
 * Reads what can be read of a damaged queue, row by row, into a fresh one: tasks first, then their attempts, dependencies and journal.
 * Works on a copy whose head is made anew, so that the damaged file stays as it is.
 */
import { closeSync, copyFileSync, existsSync, fstatSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { forgetLogs } from "./logMarker.ts";
import { applicationId, latestVersion } from "./migrations.ts";
import { loadSqlite } from "./openDatabase.ts";
import { decodeAttempt, decodeEvent, decodeTask, type Row, type SqlValue } from "./rowCodec.ts";

/** How many rows that cannot be read are looked for one by one before the rest of a table is given up. */
const maxFailures = 2000;
const headBytes = 100;
const defaultPageBytes = 4096;
const rowsPerPage = 64;

/** What came over. */
export interface Salvaged {
  readonly tasks: number;
  /** Whether anything that should be there could not be read. */
  readonly isPartial: boolean;
}

/** Opens a copy of a damaged database (with its log) for reading; undefined when not even its tables can be found. */
export function openDamagedCopy(damaged: string, copy: string): DatabaseSync | undefined {
  const { DatabaseSync: Database } = loadSqlite();
  removeDatabase(copy);
  copyFileSync(damaged, copy);
  if (existsSync(`${damaged}-wal`)) copyFileSync(`${damaged}-wal`, `${copy}-wal`);
  renewHead(copy);
  let db: DatabaseSync | undefined;
  try {
    db = new Database(copy);
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'tasks'").get() !== undefined) return db;
  } catch {
    // Its head, or the list of its tables, cannot be read.
  }
  db?.close();
  return undefined;
}

/** Removes a database with what SQLite keeps beside it. Only for copies and half-made files. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
  forgetLogs(path);
}

/** Copies what is missing in `target` and can be read in `source`; inside a transaction of the target. */
export function salvage(source: DatabaseSync, target: DatabaseSync): Salvaged {
  const reader = new TableReader(source);
  const added = new Set<SqlValue | undefined>();
  const insertTask = inserter(source, target, "tasks");
  for (const row of reader.byRowId("tasks")) if (reader.accepts(() => decodeTask(row)) && insertTask(row)) added.add(row["id"]);
  for (const [table, decode] of [
    ["attempts", decodeAttempt],
    ["dependencies", undefined],
    ["events", decodeEvent],
  ] as const) {
    const insert = inserter(source, target, table);
    const rows = table === "events" ? reader.byRowId(table) : reader.byKey(table);
    for (const row of rows) if (added.has(row["task_id"]) && reader.accepts(() => decode?.(row))) insert(row);
  }
  const insertState = inserter(source, target, "queue_state");
  for (const row of reader.byKey("queue_state")) insertState(row);
  return { tasks: added.size, isPartial: reader.hasFailed };
}

/** Adds rows that are not there yet by the columns that both sides have; false when a row was not added. */
function inserter(source: DatabaseSync, target: DatabaseSync, table: string): (row: Row) => boolean {
  const known = new Set(columnsOf(source, table));
  // The second source's entries get numbers of their own: the first one's have theirs.
  const keepsIds = table !== "events" || target.prepare("SELECT 1 FROM events LIMIT 1").get() === undefined;
  const columns = columnsOf(target, table).filter((column) => known.has(column) && (keepsIds || column !== "id"));
  if (columns.length === 0) return () => false;
  const statement = target.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
  return (row) =>
    isGood(() =>
      assertAdded(
        statement,
        columns.map((column) => row[column] ?? null),
      ),
    );
}

function assertAdded(statement: StatementSync, values: readonly SqlValue[]): void {
  if (Number(statement.run(...values).changes) === 0) throw new Error("there already");
}

function columnsOf(db: DatabaseSync, table: string): readonly string[] {
  try {
    return db
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map((row) => String(row["name"]));
  } catch {
    return [];
  }
}

function isGood(look: () => unknown): boolean {
  try {
    look();
    return true;
  } catch {
    return false;
  }
}

/** Reads tables from both ends up to what cannot be read. */
class TableReader {
  readonly #db: DatabaseSync;
  #failures = 0;
  hasFailed = false;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Whether a row can be understood: a page may be read and yet hold nonsense. */
  accepts(decode: () => unknown): boolean {
    const isAccepted = isGood(decode);
    this.hasFailed ||= !isAccepted;
    return isAccepted;
  }

  /** All readable rows of a table with row ids: between two bad pages by halving. */
  *byRowId(table: string): Generator<Row> {
    this.#failures = 0;
    let last = 0;
    if (!this.#has(table)) return;
    for (const row of this.#read(`SELECT rowid AS salvage_id, * FROM ${table} ORDER BY rowid`)) {
      last = Number(row["salvage_id"]);
      yield row;
    }
    if (this.#failures === 0) return;
    const largest = this.#largestPossibleId(last);
    let first = largest + 1;
    for (const row of this.#read(`SELECT rowid AS salvage_id, * FROM ${table} WHERE rowid > ${last} ORDER BY rowid DESC`)) {
      first = Number(row["salvage_id"]);
      yield row;
    }
    const range = this.#db.prepare(`SELECT rowid AS salvage_id, * FROM ${table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid`);
    // What is left of a bad page may be read as rows with any number.
    yield* this.#between(range, last + 1, Math.min(first - 1, largest));
  }

  /** The readable rows of a table without row ids: from both ends up to what cannot be read. */
  *byKey(table: string): Generator<Row> {
    this.#failures = 0;
    const key = this.#keyOf(table);
    if (key.length === 0) return;
    yield* this.#read(`SELECT * FROM ${table} ORDER BY ${key.join(", ")}`);
    if (this.#failures > 0) yield* this.#read(`SELECT * FROM ${table} ORDER BY ${key.map((column) => `${column} DESC`).join(", ")}`);
  }

  *#between(range: StatementSync, low: number, high: number): Generator<Row> {
    const open: [low: number, high: number][] = [[low, high]];
    for (let part = open.pop(); part !== undefined && this.#failures <= maxFailures; part = open.pop()) {
      let [next] = part;
      const [, end] = part;
      try {
        for (const row of range.iterate(next, end)) {
          next = Number(row["salvage_id"]) + 1;
          yield row;
        }
      } catch {
        this.#failures += 1;
        if (next >= end) continue;
        const middle = Math.floor((next + end) / 2);
        open.push([middle + 1, end], [next, middle]);
      }
    }
  }

  *#read(sql: string): Generator<Row> {
    try {
      yield* this.#db.prepare(sql).iterate();
    } catch {
      this.#failures += 1;
      this.hasFailed = true;
    }
  }

  #has(table: string): boolean {
    const isThere = columnsOf(this.#db, table).length > 0;
    if (!isThere) this.hasFailed = true;
    return isThere;
  }

  #keyOf(table: string): readonly string[] {
    try {
      const columns = this.#db.prepare(`PRAGMA table_info(${table})`).all();
      return columns
        .filter((row) => Number(row["pk"]) > 0)
        .toSorted((a, b) => Number(a["pk"]) - Number(b["pk"]))
        .map((row) => String(row["name"]));
    } catch {
      return [];
    }
  }

  /** The size of the file says how many rows there may be behind one. */
  #largestPossibleId(last: number): number {
    const pages = Number(this.#db.prepare("PRAGMA page_count").get()?.["page_count"] ?? 0);
    return last + pages * rowsPerPage;
  }
}

/** Writes the 100 bytes at the start of a copy anew; what depends on the database's past is taken from the file's size. */
function renewHead(copy: string): void {
  const file = openSync(copy, "r+");
  try {
    const old = Buffer.alloc(headBytes);
    readSync(file, old, 0, headBytes, 0);
    const head = Buffer.alloc(headBytes);
    const isHead = old.toString("latin1", 0, 16) === "SQLite format 3\0";
    const pageBytes = isHead && [512, 1024, 2048, 4096, 8192, 16_384, 32_768].includes(old.readUInt16BE(16)) ? old.readUInt16BE(16) : defaultPageBytes;
    head.write("SQLite format 3\0", 0, "latin1");
    head.writeUInt16BE(pageBytes, 16);
    // WAL for reading and writing, no reserved bytes, the fixed fractions of a payload.
    head.set([2, 2, 0, 64, 32, 32], 18);
    // The count of pages holds when both counters agree.
    head.writeUInt32BE(1, 24);
    head.writeUInt32BE(Math.ceil(fstatSync(file).size / pageBytes), 28);
    head.writeUInt32BE(1, 92);
    head.writeUInt32BE(1, 40);
    // Format of the schema 4, UTF-8.
    head.writeUInt32BE(4, 44);
    head.writeUInt32BE(1, 56);
    head.writeUInt32BE(latestVersion(), 60);
    head.writeUInt32BE(applicationId, 68);
    writeSync(file, head, 0, headBytes, 0);
  } finally {
    closeSync(file);
  }
}
