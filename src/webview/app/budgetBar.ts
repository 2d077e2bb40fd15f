/** How much of the task's budgets is used: a bar for each of the fullest few. */
import { t } from "../../base/l10n.ts";
import { budgetText, budgetWarning, shareOf, type BudgetUse } from "../../model/budget.ts";
import { element } from "./dom.ts";

const maxBars = 3;

export class BudgetBar {
  readonly node = element("section", { className: "budget", attributes: { "aria-label": t("Budgets") } });
  #shown = "";

  constructor() {
    this.node.hidden = true;
  }

  /** The largest share first. */
  show(uses: readonly BudgetUse[]): void {
    const shown = JSON.stringify(uses.slice(0, maxBars));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.node.hidden = uses.length === 0;
    this.node.replaceChildren(...uses.slice(0, maxBars).map(barOf));
  }
}

function barOf(use: BudgetUse): HTMLElement {
  const percent = Math.min(100, Math.round(shareOf(use) * 100));
  const bar = element("div", { className: "bar" });
  bar.style.setProperty("inline-size", `${percent}%`);
  const text = budgetText(use, t);
  const attributes = {
    role: "progressbar",
    "aria-label": t("Budget: {0}", text),
    "aria-valuemin": "0",
    "aria-valuemax": "100",
    "aria-valuenow": String(percent),
    "aria-valuetext": t("{0} percent", percent),
  };
  return element(
    "div",
    { className: `budgetLine ${toneOf(use)}` },
    element("span", { className: "budgetText" }, t("{0} used", text)),
    element("div", { className: "progress", attributes }, bar),
  );
}

function toneOf(use: BudgetUse): string {
  if (shareOf(use) >= 1) return "bad";
  return shareOf(use) >= budgetWarning ? "warning" : "quiet";
}
