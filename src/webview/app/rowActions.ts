import { t } from "../../base/l10n.ts";
import { copyButton } from "./copyButton.ts";
import type { LogView } from "./logView.ts";
import type { RowContext } from "./rowView.ts";

/** One button for all messages: it goes to the one under the mouse or with the focus, so that rows stay small. */
export function rowActions(log: LogView, { copy, messageText }: Pick<RowContext, "copy" | "messageText">): void {
  const button = copyButton(t("Copy message"), () => {
    const row = log.rowOf(button);
    if (row?.kind === "message") copy(messageText(row), "message");
  });
  button.classList.add("rowAction");
  // Its coming and going is no news.
  button.setAttribute("aria-live", "off");
  const follow = ({ target }: Event): void => {
    const row = target instanceof Element && target !== button ? target.closest(".row.message") : null;
    if (row !== null && button.parentNode !== row) row.append(button);
  };
  log.list.addEventListener("pointerover", follow);
  log.list.addEventListener("focusin", follow);
}
