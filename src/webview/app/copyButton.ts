import { t } from "../../base/l10n.ts";
import { element, icon } from "./dom.ts";

/** What can be copied, and what is said then. */
export type Copied = "code" | "command" | "arguments" | "output" | "message";

export const copiedTexts: { readonly [C in Copied]: { readonly done: string; readonly failed: string } } = {
  code: { done: t("Code copied"), failed: t("Code could not be copied") },
  command: { done: t("Command copied"), failed: t("Command could not be copied") },
  arguments: { done: t("Arguments copied"), failed: t("Arguments could not be copied") },
  output: { done: t("Output copied"), failed: t("Output could not be copied") },
  message: { done: t("Message copied"), failed: t("Message could not be copied") },
};

/** A small button that copies a text as it is when it is clicked. */
export function copyButton(label: string, copy: () => void): HTMLButtonElement {
  const button = element("button", { className: "small copy", attributes: { type: "button", title: label, "aria-label": label } }, icon("copy"));
  button.addEventListener("click", copy);
  return button;
}
