import { t } from "../base/l10n.ts";

/** Longest title; the engine has the same limit. */
export const maxTitleLength = 200;

/** What is wrong with a title that the user types; undefined when nothing is. */
export function titleProblem(raw: string): string | undefined {
  const title = raw.trim();
  if (title === "") return t("Say in a line what is to be done.");
  if (title.length > maxTitleLength) return t("The title has {0} characters; at most {1} are possible. Details come next.", title.length, maxTitleLength);
  return /\p{Cc}/u.test(title) ? t("The title holds a line break or a control character. Details come next.") : undefined;
}
