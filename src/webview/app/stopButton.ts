import { element } from "./dom.ts";
import type { ToolRow } from "./rows.ts";
import { canStop } from "./stoppable.ts";

/** The event by which a button asks the page to stop a tool call; its detail is the call's id. */
export const stopToolCallEvent = "stopToolCall";

/** The button on a tool call that stops it alone. */
export function stopButton(row: ToolRow): { readonly node: HTMLButtonElement; update(): void } {
  const node = element("button", { className: "secondary stop", attributes: { type: "button", title: "Stop this tool call; Goose goes on" } }, "Stop");
  node.addEventListener("click", (event) => {
    // The button lies in the line that opens the call.
    event.preventDefault();
    event.stopPropagation();
    node.disabled = true;
    node.textContent = "Stopping…";
    node.dispatchEvent(new CustomEvent(stopToolCallEvent, { bubbles: true, detail: row.toolCallId }));
  });
  const update = (): void => {
    node.hidden = !canStop(row);
  };
  update();
  return { node, update };
}
