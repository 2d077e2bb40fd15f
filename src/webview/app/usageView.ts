import { t } from "../../base/l10n.ts";
import type { ViewAttempt } from "../../protocol/hostWebview.ts";
import { element, setText } from "./dom.ts";
import { contextOf, usageLines, usageSummary } from "./usageText.ts";

/** Tokens and cost, folded up to one line, and how full the context window is. */
export class UsageView {
  readonly node: HTMLElement;
  readonly #summary = element("span");
  readonly #body = element("tbody");
  readonly #details: HTMLDetailsElement;
  readonly #fill = element("div", { className: "fill" });
  readonly #meter = element(
    "div",
    { className: "meter", attributes: { role: "meter", "aria-label": t("Context window"), "aria-valuemin": "0", "aria-valuemax": "100" } },
    this.#fill,
  );
  #drawn = "";

  constructor() {
    const head = element("tr", {}, ...["", t("Input"), t("Output"), t("Cost")].map((label) => heading(label, "col")));
    const table = element("table", {}, element("caption", { className: "unseen" }, t("Tokens and cost")), element("thead", {}, head), this.#body);
    this.#details = element("details", {}, element("summary", {}, this.#summary), table);
    this.node = element("div", { className: "usage" }, this.#details, this.#meter);
  }

  show(attempts: readonly ViewAttempt[]): void {
    const summary = usageSummary(attempts);
    this.#details.hidden = summary === undefined;
    setText(this.#summary, summary ?? "");
    const lines = usageLines(attempts);
    const drawn = JSON.stringify(lines);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#body.replaceChildren(
        ...lines.map(({ label, input, output, cost }) =>
          element("tr", {}, heading(label, "row"), ...[input, output, cost === "" ? "–" : cost].map((text) => element("td", {}, text))),
        ),
      );
    }
    const context = contextOf(attempts);
    this.#meter.hidden = context === undefined;
    this.node.hidden = summary === undefined && context === undefined;
    if (context === undefined) return;
    this.#meter.setAttribute("aria-valuenow", String(context.percent));
    this.#meter.setAttribute("aria-valuetext", context.text);
    this.#meter.title = context.text;
    this.#meter.classList.toggle("full", context.percent >= 80);
    this.#fill.style.setProperty("inline-size", `${context.percent}%`);
  }
}

/** An empty corner is no heading. */
function heading(label: string, scope: "col" | "row"): HTMLElement {
  return label === "" ? element("td") : element("th", { attributes: { scope } }, label);
}
