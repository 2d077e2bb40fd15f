import { element, icon, setText } from "./dom.ts";
import type { ToolRow } from "./rows.ts";
import { foldable, type RowContext, type RowView } from "./rowView.ts";
import { stopButton } from "./stopButton.ts";
import { visibleLine } from "./text.ts";
import { toolBody } from "./toolBody.ts";
import { aboutOf, commandOf, kindIcon, nameOf, stateOf, toolLooks } from "./toolText.ts";

/**
 * Draws a tool call: a line that opens to its input, places, changes and output. The inside exists only while it is open.
 * The button that stops it lies over the line, not inside of it: what opens something must not hold another control.
 */
export function toolView(row: ToolRow, context: RowContext): RowView {
  const parts = summaryParts();
  const stop = stopButton(row);
  const node = element("details", { className: "tool" }, parts.summary);
  const drawInside = foldable(node, row, context, () => toolBody(row, context));
  const update = (): void => {
    describe(row, parts);
    stop.update();
    if (node.dataset["status"] !== row.status) {
      node.dataset["status"] = row.status;
      parts.icon.replaceChildren(icon(toolLooks[row.status].icon));
    }
    drawInside();
  };
  update();
  return { node: element("div", { className: "row" }, node, stop.node), update };
}

interface SummaryParts {
  readonly summary: HTMLElement;
  readonly icon: HTMLElement;
  readonly kind: HTMLElement;
  readonly name: HTMLElement;
  readonly what: HTMLElement;
  readonly state: HTMLElement;
}

function summaryParts(): SummaryParts {
  const parts = {
    icon: element("span", { className: "toolIcon" }),
    kind: element("span", { className: "toolKind" }),
    name: element("span", { className: "toolName" }),
    what: element("span", { className: "toolWhat" }),
    state: element("span", { className: "toolState" }),
  };
  return { ...parts, summary: element("summary", {}, parts.icon, parts.kind, parts.name, parts.what, parts.state) };
}

function describe(row: ToolRow, parts: SummaryParts): void {
  const kind = kindIcon(row);
  if (parts.kind.dataset["kind"] !== kind) {
    parts.kind.dataset["kind"] = kind;
    parts.kind.replaceChildren(icon(kind));
  }
  setText(parts.name, visibleLine(nameOf(row), 60));
  setText(parts.what, visibleLine(aboutOf(row), 160));
  parts.what.classList.toggle("code", commandOf(row) !== undefined);
  setText(parts.state, stateOf(row));
}
