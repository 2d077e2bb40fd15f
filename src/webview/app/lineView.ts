import { t } from "../../base/l10n.ts";
import { element, icon } from "./dom.ts";
import type { IconName } from "./icons.ts";
import type { LineRow } from "./rows.ts";
import type { RowContext, RowView } from "./rowView.ts";
import { formatTime, visibleText } from "./text.ts";

const icons: { readonly [T in LineRow["tone"]]: IconName } = { info: "info", good: "done", bad: "failed", warning: "attention", quiet: "info" };

/** Draws something that happened to the task; only whether its details are open changes. */
export function lineView(row: LineRow, { expansion }: RowContext): RowView {
  const time = element("time", { className: "time", attributes: { datetime: new Date(row.at).toISOString() } }, formatTime(row.at));
  const text = element("span", { className: "text" }, visibleText(row.text));
  const node = element("div", { className: `row line ${row.tone}`, attributes: { tabindex: "-1" } });
  node.append(element("div", { className: "lineHead" }, icon(icons[row.tone]), text, time));
  if (row.details === undefined) return { node, update: () => undefined };
  const summary = element("summary", {}, t("Details"));
  const details = element("details", {}, summary, element("pre", {}, visibleText(row.details)));
  summary.addEventListener("click", () => expansion.set(row.key, !details.open));
  node.append(details);
  const update = (): void => void (details.open = expansion.isOpen(row));
  update();
  return { node, update };
}
