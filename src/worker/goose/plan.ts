import type { PlanEntry } from "../../model/taskEvent.ts";

const maxEntries = 200;
const maxText = 1_000;

/** Longest todo list that is read (characters). */
const maxTodo = 262_144;

/** Goose's todo tool: a platform extension that the user's configuration may switch on. Its argument is the whole list. */
export const todoTool = "todo__todo_write";

/** A plan in ACP's form. */
export function planOf(entries: readonly { readonly content: string; readonly status?: string | null | undefined }[]): readonly PlanEntry[] {
  return entries.slice(0, maxEntries).map(({ content, status }) => ({
    text: content.slice(0, maxText),
    status: status === "completed" || status === "in_progress" ? status : "pending",
  }));
}

const item = /^\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[(.)\]\s+)?(.*)$/u;

/**
 * The entries of a todo list in Markdown: its checkboxes. Goose asks its model for "- [ ]" and "- [x]"; other marks are habits of models
 * for what is being done. A list without any checkbox is read item by item.
 */
export function planOfTodo(input: unknown): readonly PlanEntry[] | undefined {
  const content = typeof input === "object" && input !== null && "content" in input ? input.content : undefined;
  if (typeof content !== "string") return undefined;
  const items = content
    .slice(0, maxTodo)
    .split(/\r?\n/)
    .flatMap((line) => {
      const [, mark, text = ""] = item.exec(line) ?? [];
      return text.trim() === "" ? [] : [{ mark, content: text.trim() }];
    });
  const boxes = items.filter(({ mark }) => mark !== undefined);
  return planOf((boxes.length > 0 ? boxes : items).map(({ mark = " ", content }) => ({ content, status: statusOf(mark) })));
}

function statusOf(mark: string): PlanEntry["status"] {
  if (mark === "x" || mark === "X" || mark === "✓" || mark === "✔") return "completed";
  return mark === "~" || mark === "-" || mark === ">" || mark === "/" ? "in_progress" : "pending";
}
