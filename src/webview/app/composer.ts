import { t } from "../../base/l10n.ts";
import type { ViewTask } from "../../protocol/hostWebview.ts";
import { composerLabel, composerObstacle, textProblem, type ComposerState } from "./composerText.ts";
import { element, setText } from "./dom.ts";
import { visibleLine } from "./text.ts";

/** What the composer asks of the page. */
export interface ComposerPorts {
  readonly send: (text: string) => void;
  /** The text has changed; kept for a page that is made anew. */
  readonly onDraft: (text: string) => void;
}

const maxRows = 8;

/** The foot of the run view: messages that wait for Goose, and the field for another. Hidden until there is a task. */
export class Composer {
  readonly node: HTMLElement;
  readonly #ports: ComposerPorts;
  readonly #waiting = element("ul", { className: "waiting", attributes: { "aria-label": t("Messages that wait for Goose") } });
  readonly #field = element("textarea", { attributes: { rows: "1", id: "message", "aria-describedby": "messageNote" } });
  readonly #label = element("label", { attributes: { for: "message" } });
  readonly #button = element("button", { attributes: { type: "button" } }, t("Send"));
  readonly #note = element("div", { className: "note", attributes: { id: "messageNote", role: "status" } });
  #state: ComposerState = { isConnected: true, isTrusted: true, isSending: false };
  #error = "";

  constructor(ports: ComposerPorts) {
    this.#ports = ports;
    this.#button.addEventListener("click", () => this.#send());
    this.#field.addEventListener("keydown", (event) => {
      // Enter also ends the choice of an input method; that one is not for us.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener("input", () => {
      this.#error = "";
      ports.onDraft(this.#field.value);
      this.#update();
    });
    const line = element("div", { className: "composerLine" }, this.#field, this.#button);
    this.node = element("footer", {}, this.#waiting, this.#label, line, this.#note);
    this.node.hidden = true;
    this.#update();
  }

  get draft(): string {
    return this.#field.value;
  }

  set draft(text: string) {
    this.#field.value = text;
    this.#update();
  }

  show({ status, waiting = [] }: ViewTask): void {
    this.node.hidden = false;
    setText(this.#label, composerLabel(status));
    this.#waiting.hidden = waiting.length === 0;
    this.#waiting.replaceChildren(
      ...waiting.map(({ text }) => element("li", {}, element("span", { className: "speaker" }, t("You, waiting")), visibleLine(text, 200))),
    );
  }

  setConnected(isConnected: boolean): void {
    this.#set({ isConnected, isSending: this.#state.isSending && isConnected });
  }

  setTrusted(isTrusted: boolean): void {
    this.#set({ isTrusted });
  }

  /** What became of the message that was sent; one that was refused stays in the field. */
  answered(error: string | undefined): void {
    if (this.#state.isSending && error === undefined) {
      this.#field.value = "";
      this.#ports.onDraft("");
    }
    this.#error = error ?? "";
    this.#set({ isSending: false });
  }

  #set(change: Partial<ComposerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#update();
  }

  #send(): void {
    const text = this.#field.value;
    if (text.trim() === "" || textProblem(text) !== undefined || composerObstacle(this.#state) !== undefined) return;
    this.#error = "";
    this.#set({ isSending: true });
    this.#ports.send(text);
  }

  #update(): void {
    const { value } = this.#field;
    const obstacle = composerObstacle(this.#state);
    const problem = textProblem(value);
    // What is being sent must not change, but the focus stays: a disabled field would lose it.
    this.#field.readOnly = this.#state.isSending;
    this.#field.disabled = obstacle !== undefined && !this.#state.isSending;
    this.#field.rows = Math.min(maxRows, value.split("\n").length);
    this.#button.disabled = obstacle !== undefined || problem !== undefined || value.trim() === "";
    const note = [obstacle, problem, this.#error].find((text) => text !== undefined && text !== "") ?? "";
    setText(this.#note, note);
    this.#note.hidden = note === "";
  }
}
