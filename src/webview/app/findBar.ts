import { t } from "../../base/l10n.ts";
import { maxFindText } from "../../protocol/hostWebview.ts";
import { element, icon, setText } from "./dom.ts";
import type { IconName } from "./icons.ts";

/** What the find bar asks for. */
export interface FindBarPorts {
  readonly onText: (text: string) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onClose: () => void;
}

/** A search waits for the end of the typing (ms). */
const typingMs = 150;

/** The find bar over the log: Enter and F3 go on, with Shift back, Escape closes. */
export class FindBar {
  readonly node: HTMLElement;
  readonly #ports: FindBarPorts;
  readonly #input = element("input", {
    attributes: { type: "text", "aria-label": t("Find in the run"), placeholder: t("Find"), maxlength: String(maxFindText), spellcheck: "false" },
  });
  readonly #count = element("span", { className: "count", attributes: { role: "status" } });
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: FindBarPorts) {
    this.#ports = ports;
    this.node = element("div", { className: "findBar", attributes: { role: "search" } }, this.#input, this.#count);
    this.node.append(
      tool(t("Previous (Shift+F3)"), "up", () => ports.onStep(-1)),
      tool(t("Next (F3)"), "down", () => ports.onStep(1)),
      tool(t("Close (Escape)"), "failed", () => this.close()),
    );
    this.node.hidden = true;
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), typingMs);
    });
    window.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Shows how the search stands. */
  describe(text: string): void {
    setText(this.#count, text);
  }

  open(): void {
    this.node.hidden = false;
    this.#input.focus();
    this.#input.select();
    if (this.#input.value !== "") this.#search();
  }

  close(): void {
    if (this.node.hidden) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.node.hidden = true;
    this.#ports.onClose();
  }

  #search(): void {
    this.#timer = undefined;
    this.#ports.onText(this.#input.value);
  }

  #onKey(event: KeyboardEvent): void {
    const by = event.shiftKey ? -1 : 1;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") this.open();
    else if (this.node.hidden) return;
    else if (event.key === "Escape") this.close();
    else if (event.key === "F3" || (event.key === "Enter" && event.target === this.#input)) this.#go(by);
    else return;
    event.preventDefault();
  }

  #go(by: 1 | -1): void {
    if (this.#timer === undefined) return this.#ports.onStep(by);
    // What was typed is searched for first.
    clearTimeout(this.#timer);
    this.#search();
  }
}

function tool(label: string, drawing: IconName, onClick: () => void): HTMLButtonElement {
  const button = element("button", { className: "small", attributes: { type: "button", title: label, "aria-label": label } }, icon(drawing));
  button.addEventListener("click", onClick);
  return button;
}
