import { t } from "../../base/l10n.ts";
import { revealed } from "../../base/revealed.ts";
import { commandOf, maxNote, type PermissionAnswer, type PermissionDecisionWord, type PermissionQuestion } from "../../model/permission.ts";
import type { ViewTask } from "../../protocol/hostWebview.ts";
import { diffLines } from "./diffLines.ts";
import { element, setText } from "./dom.ts";

/** A click that comes so soon was meant for what was there before. */
const settleMs = 600;
const maxDiffLines = 2_000;

/** The question that a run waits with: the exact command or the change, and the answers. Hidden while nothing is asked. */
export class QuestionCard {
  readonly node = element("section", {
    className: "question",
    attributes: { role: "alertdialog", "aria-labelledby": "question-title", "aria-describedby": "question-what" },
  });
  readonly #answer: (answer: PermissionAnswer) => void;
  readonly #title = element("h2", { attributes: { id: "question-title" } });
  readonly #what = element("div", { className: "what", attributes: { id: "question-what", tabindex: "0" } });
  readonly #covers = element("div", { className: "note" });
  readonly #note = element("input", {
    attributes: {
      type: "text",
      maxlength: String(maxNote),
      "aria-label": t("Note to Goose, told with a rejection"),
      placeholder: t("With Reject: what Goose shall do instead"),
    },
  });
  readonly #buttons: Readonly<Record<PermissionDecisionWord, HTMLButtonElement>>;
  #question: PermissionQuestion | undefined;
  #isEnabled = true;
  #isSettled = false;
  #isAnswered = false;

  constructor(answer: (answer: PermissionAnswer) => void) {
    this.#answer = answer;
    this.#buttons = {
      allow_once: this.#button("allow_once", t("Allow once")),
      allow_for_task: this.#button("allow_for_task", t("Allow for this task")),
      reject: this.#button("reject", t("Reject")),
    };
    this.#note.addEventListener("keydown", ({ key }) => {
      if (key === "Enter" && !this.#buttons.reject.disabled) this.#give("reject");
    });
    const { allow_once: once, allow_for_task: always, reject } = this.#buttons;
    this.node.append(this.#title, this.#what, this.#covers, element("div", { className: "buttons" }, once, always, reject), this.#note);
    this.node.hidden = true;
  }

  show({ attention }: Pick<ViewTask, "attention">): void {
    const question = attention?.question;
    this.node.hidden = question === undefined;
    if (question === undefined || question.id === this.#question?.id) {
      this.#question = question;
      return;
    }
    this.#question = question;
    this.#isAnswered = false;
    this.#isSettled = false;
    setTimeout(() => {
      this.#isSettled = true;
      this.#enable();
    }, settleMs);
    setText(this.#title, t("Goose asks before it {0}", revealed(question.why)));
    this.#what.replaceChildren(...whatNodes(question));
    setText(
      this.#covers,
      question.covers === undefined ? t("It can only be allowed once.") : t('"Allow for this task" allows {0}.', revealed(question.covers.words)),
    );
    this.#buttons.allow_for_task.hidden = question.covers === undefined;
    this.#note.value = "";
    this.#enable();
  }

  /** Without a connection or without trust nothing can be answered. */
  setEnabled(isEnabled: boolean): void {
    this.#isEnabled = isEnabled;
    // Somebody who lost the connection with an answer under way may give it again.
    this.#isAnswered &&= !isEnabled;
    this.#enable();
  }

  #button(decision: PermissionDecisionWord, label: string): HTMLButtonElement {
    const button = element("button", { className: decision === "allow_once" ? "" : "secondary", attributes: { type: "button" } }, label);
    button.addEventListener("click", () => this.#give(decision));
    return button;
  }

  #give(decision: PermissionDecisionWord): void {
    if (this.#question === undefined) return;
    this.#isAnswered = true;
    this.#enable();
    const note = decision === "reject" ? this.#note.value.trim() : "";
    this.#answer({ questionId: this.#question.id, decision, ...(note === "" ? {} : { note }) });
  }

  #enable(): void {
    const isOff = !this.#isEnabled || !this.#isSettled || this.#isAnswered;
    for (const button of Object.values(this.#buttons)) button.disabled = isOff;
    this.#note.disabled = isOff;
  }
}

/** Everything that would be allowed, character by character. */
function whatNodes(question: PermissionQuestion): readonly Node[] {
  const command = commandOf(question);
  if (command !== undefined) return [element("pre", { className: "input" }, revealed(command))];
  const { diff, input } = question;
  if (diff === undefined) return [element("pre", { className: "input" }, revealed(`${question.toolName} ${JSON.stringify(input ?? {}, undefined, 2)}`))];
  const shown = diffLines(diff, maxDiffLines);
  const lines = shown.lines.map(({ sign, text }) =>
    element("div", { className: sign === "+" ? "added" : sign === "-" ? "removed" : "kept" }, `${sign} ${revealed(text)}`),
  );
  const hidden = shown.hidden === 0 ? [] : [element("div", { className: "note" }, t({ one: "{0} more line", other: "{0} more lines" }, shown.hidden))];
  return [element("div", { className: "diff" }, element("div", { className: "path" }, revealed(diff.path)), element("pre", {}, ...lines), ...hidden)];
}
