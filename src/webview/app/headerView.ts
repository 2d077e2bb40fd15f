import { t } from "../../base/l10n.ts";
import type { PlanEntry } from "../../model/taskEvent.ts";
import type { ViewAction, ViewAttempt, ViewTask } from "../../protocol/hostWebview.ts";
import { element, icon, setText } from "./dom.ts";
import { buttonsOf, chipOf, elapsedOf, factsOf, isScheduled, isTicking } from "./headerText.ts";
import { PlanView } from "./planView.ts";
import { visibleLine, visibleText } from "./text.ts";
import { UsageView } from "./usageView.ts";

const labels: { readonly [A in ViewAction]: string } = {
  run: t("Run"),
  start: t("Start"),
  pause: t("Pause"),
  resume: t("Resume"),
  stop: t("Stop"),
  retry: t("Retry"),
  cancel: t("Cancel"),
};

/** The head of the run view: what it is, how it stands, and what can be done now. Hidden until there is a task. */
export class HeaderView {
  readonly node: HTMLElement;
  readonly #act: (action: ViewAction) => void;
  readonly #title = element("h1");
  readonly #chip = element("span", { className: "chip", attributes: { role: "status" } });
  readonly #facts = element("span", { className: "facts" });
  readonly #elapsed = element("span", { className: "elapsed", attributes: { role: "timer", "aria-label": t("Elapsed time") } });
  readonly #buttons = element("div", { className: "buttons", attributes: { role: "group", "aria-label": t("Actions") } });
  readonly #bar = element("div", { className: "bar" });
  readonly #progress = element(
    "div",
    { className: "progress", attributes: { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": t("Progress") } },
    this.#bar,
  );
  readonly #progressText = element("div", { className: "progressText" });
  readonly #attention = element("div", { className: "attention", attributes: { role: "alert" } });
  readonly #promptText = element("div", { className: "text", attributes: { tabindex: "0", role: "region", "aria-label": t("Task text") } });
  readonly #prompt = element("details", { className: "prompt" }, element("summary", {}, t("Task text")), this.#promptText);
  readonly #plan = new PlanView();
  readonly #usage = new UsageView();
  #task: ViewTask | undefined;
  #attempts: readonly ViewAttempt[] = [];
  /** Host clock minus ours: the host may be another machine. */
  #clockOffset = 0;
  /** Somebody is behind the page. */
  #isConnected = true;
  #isTrusted = true;
  /** A button was clicked, and the task is as it was. */
  #isAsked = false;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(act: (action: ViewAction) => void) {
    this.#act = act;
    const first = element("div", { className: "titleLine" }, this.#title, this.#buttons);
    const second = element("div", { className: "factLine" }, this.#chip, this.#elapsed, this.#facts, this.#usage.node);
    this.node = element("header", {}, first, second, this.#progress, this.#progressText, this.#attention, this.#prompt, this.#plan.node);
    this.node.hidden = true;
  }

  /** Takes the host's clock. */
  setClock(hostNow: number): void {
    this.#clockOffset = hostNow - Date.now();
  }

  /** Without a connection the clock stands still and no button works. */
  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#isAsked = false;
    this.#enableButtons();
    if (this.#task !== undefined) this.#showChip(this.#task);
    this.#updateTicking();
  }

  /** In a workspace that is not trusted the task can only be looked at. */
  setTrusted(isTrusted: boolean): void {
    this.#isTrusted = isTrusted;
    this.#enableButtons();
  }

  show(task: ViewTask, attempts?: readonly ViewAttempt[]): void {
    this.node.hidden = false;
    this.#task = task;
    this.#attempts = attempts ?? this.#attempts;
    setText(this.#title, visibleText(task.title));
    this.#showProgress(task);
    this.#showButtons(task);
    this.#usage.show(this.#attempts);
    setText(this.#facts, visibleLine(factsOf(task).join(" · "), 300));
    // A question has a card of its own.
    const message = task.attention?.question === undefined ? task.attention?.message : undefined;
    setText(this.#attention, visibleText(message ?? ""));
    this.#attention.hidden = message === undefined;
    setText(this.#promptText, visibleText(task.prompt));
    this.#prompt.hidden = task.prompt === task.title;
    this.#tick();
  }

  /** Goose's plan as it is now; none of another task before there is one. */
  showPlan(entries: readonly PlanEntry[]): void {
    this.#plan.show(entries);
  }

  #showChip(task: ViewTask): void {
    const chip = chipOf(task, this.#now(), this.#isConnected);
    const key = `${chip.word} ${chip.tone}`;
    if (this.#chip.dataset["key"] === key) return;
    this.#chip.dataset["key"] = key;
    this.#chip.className = `chip ${chip.tone}`;
    this.#chip.replaceChildren(icon(chip.icon), chip.word);
  }

  #showProgress({ status, progress }: ViewTask): void {
    const isShown = status === "in_progress" || status === "paused";
    const percent = Math.round(Math.min(100, Math.max(0, progress.percent)));
    this.#progress.hidden = !isShown;
    this.#progressText.hidden = !isShown;
    this.#progress.setAttribute("aria-valuenow", String(percent));
    this.#progress.setAttribute("aria-valuetext", t("{0} percent", percent));
    this.#bar.style.setProperty("inline-size", `${percent}%`);
    setText(this.#progressText, `${percent} % ${visibleLine(progress.message, 200)}`);
  }

  #showButtons(task: ViewTask): void {
    const actions = buttonsOf(task);
    const key = actions.join(" ");
    if (this.#buttons.dataset["key"] !== key) {
      this.#buttons.dataset["key"] = key;
      this.#isAsked = false;
      this.#buttons.replaceChildren(...actions.map((action, index) => this.#button(action, index === 0)));
    }
    // A new state of the task answers the last click.
    if (task.pending === undefined) this.#isAsked = false;
    this.#enableButtons();
  }

  #enableButtons(): void {
    const isEnabled = this.#isConnected && this.#isTrusted && !this.#isAsked;
    for (const button of this.#buttons.querySelectorAll("button")) button.disabled = !isEnabled;
    this.#buttons.title = this.#isTrusted ? "" : t("This workspace is not trusted: its tasks can only be looked at.");
  }

  #button(action: ViewAction, isFirst: boolean): HTMLButtonElement {
    const button = element("button", { className: isFirst ? "" : "secondary", attributes: { type: "button" } }, labels[action]);
    button.addEventListener("click", () => {
      this.#isAsked = true;
      this.#enableButtons();
      this.#act(action);
    });
    return button;
  }

  #tick(): void {
    const elapsed = this.#task === undefined ? undefined : elapsedOf(this.#attempts, this.#now());
    setText(this.#elapsed, elapsed ?? "");
    this.#elapsed.hidden = elapsed === undefined;
    // A task whose time has come is ready without any message.
    if (this.#task !== undefined) this.#showChip(this.#task);
    this.#updateTicking();
  }

  #now(): number {
    return Date.now() + this.#clockOffset;
  }

  #updateTicking(): void {
    const task = this.#task;
    const isOn = this.#isConnected && task !== undefined && (isTicking(task, this.#attempts) || isScheduled(task, this.#now()));
    if (isOn === (this.#ticker !== undefined)) return;
    clearInterval(this.#ticker);
    this.#ticker = isOn ? setInterval(() => this.#tick(), 1_000) : undefined;
  }
}
