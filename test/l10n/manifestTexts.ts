import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** A JSON file of the repository. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

/** The texts of the manifest in a language; English without one. */
export function manifestTexts(language?: string): Readonly<Record<string, string>> {
  return readJson(language === undefined ? "package.nls.json" : `package.nls.${language}.json`) as Record<string, string>;
}

/** The manifest as VS Code sees it: every `%key%` is its text. Throws when there is none. */
export function readManifest(language?: string): unknown {
  return resolved(readJson("package.json"), manifestTexts(language));
}

/** The key that a value of the manifest stands for. */
export function keyOf(value: string): string | undefined {
  return /^%([^%]+)%$/.exec(value)?.[1];
}

function resolved(value: unknown, texts: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return textOf(value, texts);
  if (Array.isArray(value)) return value.map((item) => resolved(item, texts));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolved(item, texts)]));
}

function textOf(value: string, texts: Readonly<Record<string, string>>): string {
  const key = keyOf(value);
  if (key === undefined) return value;
  const text = texts[key];
  if (text === undefined) throw new Error(`package.json asks for %${key}%, which is not in package.nls.json`);
  return text;
}
