import { element, icon } from "./dom.ts";

/** A small button that copies a text as it is when it is clicked. */
export function copyButton(what: string, copy: () => void): HTMLButtonElement {
  const button = element(
    "button",
    { className: "small copy", attributes: { type: "button", title: `Copy ${what}`, "aria-label": `Copy ${what}` } },
    icon("copy"),
  );
  button.addEventListener("click", copy);
  return button;
}
