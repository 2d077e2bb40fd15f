import type { Row } from "./rows.ts";

/** Which rows are shown. */
export const filters = ["all", "tools", "errors"] as const;
export type Filter = (typeof filters)[number];

/** Whether a filter lets a row through. */
export function passes(row: Row, filter: Filter): boolean {
  if (filter === "all") return true;
  if (filter === "tools") return row.kind === "tool";
  if (row.kind === "tool") return row.status === "failed" || (row.exitCode ?? 0) !== 0;
  return row.kind === "line" && (row.tone === "bad" || row.tone === "warning");
}
