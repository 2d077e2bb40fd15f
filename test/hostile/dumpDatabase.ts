import type { DatabaseSync } from "node:sqlite";

/** Every row of every table, to be compared. */
export function dumpDatabase(db: DatabaseSync): unknown {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return tables.map(({ name }) => [name, db.prepare(`SELECT * FROM "${String(name)}"`).all()]);
}
