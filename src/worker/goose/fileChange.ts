import { readFile, stat } from "node:fs/promises";
import type { PermissionRequest, ToolDiff } from "../../model/toolCall.ts";
import { textOf } from "./allowedCalls.ts";
import { resolveInWorktree } from "./worktreePath.ts";

/** Larger files are not read for a question. */
const maxOldBytes = 4 * 1024 * 1024;
const maxText = 65_000;
const contextLines = 20;

/** What a write or an edit would do to which file, for whoever decides on it; nothing for other tools. */
export async function fileChange(worktree: string, toolName: string, input: unknown): Promise<Pick<PermissionRequest, "target" | "diff">> {
  const file = textOf(input, "path");
  if (file === undefined || !/(^|__)(write|edit)$/.test(toolName)) return {};
  try {
    const { real, parts } = await resolveInWorktree(worktree, file);
    const path = parts.join("/");
    const diff = changeOf(await oldText(real), input);
    return {
      target: { path: path.slice(0, 4_096), isInside: true },
      ...(diff === undefined ? {} : { diff: { path: path.slice(0, 4_096), ...shortened(diff) } }),
    };
  } catch {
    return { target: { path: file.slice(0, 4_096), isInside: false } };
  }
}

async function oldText(real: string): Promise<string | undefined> {
  const info = await stat(real).catch(() => undefined);
  if (info === undefined || !info.isFile() || info.size > maxOldBytes) return undefined;
  return readFile(real, "utf8");
}

type Change = Pick<ToolDiff, "oldText" | "newText">;

function changeOf(old: string | undefined, input: unknown): Change | undefined {
  const content = textOf(input, "content");
  if (content !== undefined) return old === undefined ? { newText: content } : { oldText: old, newText: content };
  const [before, after] = [textOf(input, "before"), textOf(input, "after")];
  if (old === undefined || before === undefined || after === undefined || !old.includes(before)) return undefined;
  return { oldText: old, newText: old.replace(before, () => after) };
}

/** Of long texts the changed middle: what changes must be seen, however far down it is. */
function shortened({ oldText, newText }: Change): Change {
  if (newText.length <= maxText && (oldText?.length ?? 0) <= maxText) return oldText === undefined ? { newText } : { oldText, newText };
  if (oldText === undefined) return { newText: cut(newText) };
  const [before, after] = [oldText.split("\n"), newText.split("\n")];
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const middle = (lines: readonly string[]): string =>
    cut(lines.slice(Math.max(0, head - contextLines), lines.length - Math.max(0, tail - contextLines)).join("\n"));
  return { oldText: middle(before), newText: middle(after) };
}

function cut(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}\n… (${text.length - maxText} more characters)`;
}
