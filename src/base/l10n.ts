/** A sentence in two forms, for one and for any other number: always whole sentences, never a word with a letter glued on. */
export interface Forms {
  readonly one: string;
  readonly other: string;
}

/**
 * A text in a person's language. The message is the English text, which is also its key in the bundles (media/l10n); `{0}` stands for
 * the first of the values, and so on. With two forms the first value is the number that decides which of them is used.
 */
export type Translate = (message: string | Forms, ...values: readonly (string | number)[]) => string;

/** Translations by their English texts, as VS Code reads them from a bundle. */
export type Bundle = Readonly<Record<string, unknown>>;

/** A language by its tag ("de"), with its translations. */
export interface Language {
  readonly language: string;
  readonly bundle: Bundle;
}

/** Makes the translator of a language; what the bundle lacks stays English. */
export function translator(language: string, bundle: Bundle): Translate {
  const plurals = new Intl.PluralRules(language);
  const englishPlurals = new Intl.PluralRules("en");
  const numbers = new Intl.NumberFormat(language);
  const shown = (value: string | number): string => (typeof value === "number" ? numbers.format(value) : value);
  const known = (key: string): string | undefined => {
    const text = Object.hasOwn(bundle, key) ? bundle[key] : undefined;
    return typeof text === "string" ? text : undefined;
  };
  const formOf = ({ one, other }: Forms, count: number): string => {
    const form = plurals.select(count);
    const found = known(formKey(one, other, form));
    return found ?? (englishPlurals.select(count) === "one" ? one : other);
  };
  return (message, ...values) => {
    const text = typeof message === "string" ? (known(message) ?? message) : formOf(message, Number(values[0]));
    return text.replaceAll(/\{(\d+)\}/g, (placeholder, index: string) => shown(values[Number(index)] ?? placeholder));
  };
}

/** The key of a plural form: the English texts are the keys of "one" and "other"; what English lacks ("few", "many") is marked. */
export function formKey(one: string, other: string, form: Intl.LDMLPluralRule): string {
  if (form === "one") return one;
  return form === "other" ? other : `${other}#${form}`;
}

/** English, whatever the person's language: for errors, logs and the terminal. */
export const english: Translate = translator("en", {});

let current: Translate = english;
let locale: string | undefined;

/** Chooses the language of `t`. Called once, before any other module makes a text. */
export function setLanguage({ language, bundle }: Language): void {
  current = translator(language, bundle);
  locale = /^en(-|$)/i.test(language) ? undefined : language;
}

/** Whose form times and numbers have: that of the language that was chosen; in English, which has many, that of the system. */
export function formLocale(): string | undefined {
  return locale;
}

/** A text in the language that was chosen; English until then. Its first argument is written out where it is called: the bundles are made from the sources. */
export const t: Translate = (message, ...values) => current(message, ...values);
