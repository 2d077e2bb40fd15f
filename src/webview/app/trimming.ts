import { weightOf, type Row } from "./rows.ts";

/** How much is kept: rows, and their weight in characters. */
export interface Limit {
  readonly rows: number;
  readonly weight: number;
}

/** How many rows lie within a limit, counted from one side; at least one. */
export function countWithin(length: number, limit: Limit, at: (index: number) => Row | undefined): number {
  let weight = 0;
  for (let index = 0; index < Math.min(length, limit.rows); index++) {
    const row = at(index);
    weight += row === undefined ? 0 : weightOf(row);
    if (weight > limit.weight && index > 0) return index;
  }
  return Math.min(length, limit.rows);
}

/**
 * The next row in a direction with which a message begins: an event that lies in two rows cannot be loaded for one of them.
 * Where there is none, the beginning of a message is given up, its end stays.
 */
export function wholeFrom(rows: readonly Row[], from: number, step: 1 | -1): number {
  if (from <= 0 || from >= rows.length) return from;
  const goesOn = (row: Row | undefined): boolean => row?.kind === "message" && row.isContinued;
  let at = from;
  while (goesOn(rows[at])) at += step;
  if (at > 0 && at < rows.length) return at;
  return step === 1 ? from : rows.length;
}
