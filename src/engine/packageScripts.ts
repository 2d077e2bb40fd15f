import type { ToolDiff } from "../model/toolCall.ts";

/** Whether a change of a package.json changes what `npm run` and `npm install` do; what cannot be read counts as a change. */
export function changesScripts(diff: ToolDiff | undefined): boolean {
  if (diff === undefined) return true;
  const before = scriptsOf(diff.oldText ?? "{}");
  const after = scriptsOf(diff.newText);
  return before === undefined || after === undefined || before !== after;
}

function scriptsOf(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value !== "object" || value === null) return undefined;
    const { scripts } = value as { readonly scripts?: unknown };
    return JSON.stringify(scripts ?? {});
  } catch {
    return undefined;
  }
}
