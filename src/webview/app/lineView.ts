import { element, icon } from "./dom.ts";
import type { IconName } from "./icons.ts";
import type { RowView } from "./messageView.ts";
import type { LineRow } from "./rows.ts";
import { formatTime, visibleText } from "./text.ts";

const icons: { readonly [T in LineRow["tone"]]: IconName } = { info: "info", good: "done", bad: "failed", warning: "attention", quiet: "info" };

/** Draws something that happened to the task; it never changes. */
export function lineView(row: LineRow): RowView {
  const time = element("time", { className: "time", attributes: { datetime: new Date(row.at).toISOString() } }, formatTime(row.at));
  const text = element("span", { className: "text" }, visibleText(row.text));
  const head = element("div", { className: "lineHead" }, icon(icons[row.tone]), text, time);
  const details = row.details === undefined ? [] : [element("details", {}, element("summary", {}, "Details"), element("pre", {}, visibleText(row.details)))];
  return { node: element("div", { className: `row line ${row.tone}` }, head, ...details), update: () => undefined };
}
