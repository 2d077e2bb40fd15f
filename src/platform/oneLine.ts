import { spellOutHidden } from "../base/hiddenText.ts";

/**
 * Text on one line, cut to a length, that VS Code shows as it is: what reorders or hides text is spelled out (a title must not read
 * as something else than it is), and nothing in it is an icon or a link.
 */
export function oneLine(text: string, length: number): string {
  const line = spellOutHidden(text.replaceAll(/[\s\p{Cc}\u2028\u2029]+/gu, " ")).trim();
  return withoutMarkup(line.length <= length ? line : `${line.slice(0, length - 1)}…`);
}

/** Text without what VS Code makes of some texts: icons, `$(name)`, and links, `[words](command:name)`, which a click would run. */
export function withoutMarkup(text: string): string {
  return text.replaceAll("$(", "$ (").replaceAll("](", "] (");
}
