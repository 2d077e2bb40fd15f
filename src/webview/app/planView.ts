import { t } from "../../base/l10n.ts";
import type { PlanEntry } from "../../model/taskEvent.ts";
import { element, icon, setText } from "./dom.ts";
import type { IconName } from "./icons.ts";
import { visibleLine } from "./text.ts";

const looks: { readonly [S in PlanEntry["status"]]: { readonly icon: IconName; readonly word: string } } = {
  pending: { icon: "waiting", word: t("to do") },
  in_progress: { icon: "running", word: t("under way") },
  completed: { icon: "done", word: t("done") },
};
const maxEntries = 50;
const maxText = 300;

/** Goose's newest plan as a list to tick off; stays in view while the log moves. */
export class PlanView {
  readonly node: HTMLDetailsElement;
  readonly #summary = element("summary");
  readonly #list = element("ul", { attributes: { tabindex: "0", "aria-label": t("Plan") } });

  constructor() {
    this.node = element("details", { className: "plan" }, this.#summary, this.#list);
    this.node.open = true;
    this.node.hidden = true;
  }

  show(entries: readonly PlanEntry[]): void {
    this.node.hidden = entries.length === 0;
    const done = entries.filter(({ status }) => status === "completed").length;
    const current = entries.find(({ status }) => status === "in_progress");
    const how = t("Plan: {0} of {1} done", done, entries.length);
    setText(this.#summary, current === undefined ? how : `${how} · ${visibleLine(current.text, 80)}`);
    const shown = entries.slice(0, maxEntries);
    const rest = entries.length - shown.length;
    this.#list.replaceChildren(...shown.map(entryNode), ...(rest === 0 ? [] : [element("li", {}, t("{0} more", rest))]));
  }
}

function entryNode({ text, status }: PlanEntry): HTMLElement {
  const { icon: drawing, word } = looks[status];
  return element(
    "li",
    { className: status },
    icon(drawing),
    element("span", { className: "text" }, visibleLine(text, maxText), element("span", { className: "unseen" }, `, ${word}`)),
  );
}
