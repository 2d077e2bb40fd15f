import { element } from "./dom.ts";
import type { ToolRow } from "./rows.ts";

/** The event by which a button asks the page to stop a tool call; its detail is the call's id. */
export const stopToolCallEvent = "stopToolCall";

/** Whether a call can be asked to stop: it goes on, and is one of Goose's (acceptance commands are not). */
export function canStop({ status, toolName }: Pick<ToolRow, "status" | "toolName">): boolean {
  return (status === "pending" || status === "in_progress") && toolName !== "verify";
}

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
