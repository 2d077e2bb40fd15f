import * as v from "valibot";
import type { Language } from "../base/l10n.ts";

/** Where the page of a run view holds the language of its texts. */
export const languageBlockId = "language";

const languageSchema = v.object({
  language: v.pipe(v.string(), v.maxLength(50), v.check(isLanguage)),
  bundle: v.record(v.string(), v.string()),
});

/** The language that a page was given; undefined when it is none, and the texts stay English. */
export function parsePageLanguage(text: string): Language | undefined {
  try {
    const parsed = v.safeParse(languageSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
