import type { Row } from "./rows.ts";

/** Whether a row holds a text, in any case. */
export function holds(row: Row, text: string): boolean {
  return textsOf(row).some((each) => each?.toLowerCase().includes(text.toLowerCase()) === true);
}

function textsOf(row: Row): readonly (string | undefined)[] {
  if (row.kind === "message") return [row.text];
  if (row.kind === "line") return [row.text, row.details];
  const input = row.input === undefined ? undefined : JSON.stringify(row.input);
  return [row.toolName, row.title, input, row.output, ...row.activity, ...(row.diffs ?? []).flatMap(({ path, oldText, newText }) => [path, oldText, newText])];
}
