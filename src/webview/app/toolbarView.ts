import { t } from "../../base/l10n.ts";
import { element, icon } from "./dom.ts";
import { filters, type Filter } from "./filter.ts";
import type { IconName } from "./icons.ts";
import { rovingFocus } from "./rovingFocus.ts";

const filterLabels: { readonly [F in Filter]: string } = { all: t("All"), tools: t("Tools"), errors: t("Errors") };
const filterHints: { readonly [F in Filter]: string } = { all: t("Show all"), tools: t("Show tools"), errors: t("Show errors") };

/** What the toolbar asks for. */
export interface ToolbarPorts {
  readonly onFilter: (filter: Filter) => void;
  readonly onFind: () => void;
  readonly onExpandAll: (isOpen: boolean) => void;
}

/** The buttons above the log: which rows, find, fold. */
export class ToolbarView {
  readonly node: HTMLElement;
  readonly #filters: ReadonlyMap<Filter, HTMLButtonElement>;

  constructor({ onFilter, onFind, onExpandAll }: ToolbarPorts) {
    this.#filters = new Map(filters.map((filter) => [filter, button(filterLabels[filter], { onClick: () => onFilter(filter), hint: filterHints[filter] })]));
    const group = element("div", { className: "filters", attributes: { role: "group", "aria-label": t("Show") } }, ...this.#filters.values());
    this.node = element(
      "div",
      { className: "toolbar", attributes: { role: "toolbar", "aria-label": t("Run log") } },
      group,
      button(t("Find"), { onClick: onFind, drawing: "search", hint: t("Find (Ctrl+F)") }),
      button(t("Expand all"), { onClick: () => onExpandAll(true), drawing: "expand", hint: t("Open all tool calls and thoughts") }),
      button(t("Collapse all"), { onClick: () => onExpandAll(false), drawing: "collapse", hint: t("Close all tool calls and thoughts") }),
    );
    rovingFocus(this.node);
  }

  showFilter(filter: Filter): void {
    for (const [each, node] of this.#filters) node.setAttribute("aria-pressed", String(each === filter));
  }
}

function button(
  label: string,
  { onClick, drawing, hint }: { readonly onClick: () => void; readonly drawing?: IconName; readonly hint: string },
): HTMLButtonElement {
  const content = drawing === undefined ? [label] : [icon(drawing), element("span", { className: "label" }, label)];
  const node = element("button", { className: "quietButton", attributes: { type: "button", title: hint } }, ...content);
  node.addEventListener("click", onClick);
  return node;
}
