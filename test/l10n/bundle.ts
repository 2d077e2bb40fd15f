import { formKey } from "../../src/base/l10n.ts";
import type { Messages } from "./messages.ts";

/** What a bundle of a language must hold: every text, and of every plural the forms that the language has. */
export function keysFor(language: string, { plain, plural }: Pick<Messages, "plain" | "plural">): readonly string[] {
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  return [...new Set([...plain, ...plural.flatMap(({ one, other }) => forms.map((form) => formKey(one, other, form)))])].toSorted();
}

/** The English bundle as it is kept: every text stands for itself. */
export function englishBundle(messages: Messages): string {
  return `${JSON.stringify(Object.fromEntries(keysFor("en", messages).map((key) => [key, key])), undefined, 2)}\n`;
}
