import { t } from "../../base/l10n.ts";
import { element, setText } from "./dom.ts";
import type { ToolRow } from "./rows.ts";
import { canStop } from "./stoppable.ts";

/** The event by which a button asks the page to stop a tool call; its detail is the call's id. */
export const stopToolCallEvent = "stopToolCall";

/** A call that cannot be stopped says so in the log; then the button can be used again. */
const answerMs = 5_000;

/** The button on a tool call that stops it alone. */
export function stopButton(row: ToolRow): { readonly node: HTMLButtonElement; update(): void } {
  const node = element("button", { className: "secondary stop", attributes: { type: "button", title: t("Stop this tool call; Goose goes on") } }, t("Stop"));
  node.addEventListener("click", () => {
    ask(true);
    setTimeout(() => ask(false), answerMs);
    node.dispatchEvent(new CustomEvent(stopToolCallEvent, { bubbles: true, detail: row.toolCallId }));
  });
  const ask = (isAsked: boolean): void => {
    node.disabled = isAsked;
    setText(node, isAsked ? t("Stopping…") : t("Stop"));
  };
  const update = (): void => {
    node.hidden = !canStop(row);
  };
  update();
  return { node, update };
}
