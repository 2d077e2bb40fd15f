import type { ToolRow } from "./rows.ts";

/** Whether a call can be asked to stop: it goes on, and is one of Goose's (acceptance commands are not). */
export function canStop({ status, toolName }: Pick<ToolRow, "status" | "toolName">): boolean {
  return (status === "pending" || status === "in_progress") && toolName !== "verify";
}
