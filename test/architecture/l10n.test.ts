/** Everything that VS Code shows can be translated, and is: bundles, manifest and sources belong together. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { englishBundle, keysFor } from "../l10n/bundle.ts";
import { keyOf, manifestTexts, readJson } from "../l10n/manifestTexts.ts";
import { findMessages, findPlainLiterals, plainLiterals } from "../l10n/messages.ts";

const root = join(import.meta.dirname, "../..");
const messages = findMessages();
const languages = globSync(join(root, "media/l10n/bundle.l10n.*.json")).map((path) => basename(path).split(".")[2] as string);
/** Names that are no texts. */
const productNames = ["Task Master", "Task Master for Goose"];

describe("bundles", () => {
  it("are made from the sources: run npm run l10n when this fails", () => {
    expect(messages.unreadable).toEqual([]);
    expect(messages.plain.length).toBeGreaterThan(200);
    expect(messages.plural.length).toBeGreaterThan(5);
    expect(readFileSync(join(root, "media/l10n/bundle.l10n.json"), "utf8")).toBe(englishBundle(messages));
  });

  it("ship with the extension", () => {
    const packaged = readFileSync(join(root, ".vscodeignore"), "utf8").split("\n");
    expect(packaged).toEqual(expect.arrayContaining(["!package.nls.json", "!package.nls.*.json", "!media/l10n/*.json"]));
    expect(readJson("package.json")).toMatchObject({ l10n: "./media/l10n" });
  });

  it("are there in German", () => expect(languages).toContain("de"));

  it.each(languages)("hold in %s every text, with the same placeholders, and nothing else", (language) => {
    const bundle = readJson(`media/l10n/bundle.l10n.${language}.json`) as Record<string, string>;
    expect(Object.keys(bundle).toSorted()).toEqual(keysFor(language, messages));
    for (const [key, text] of Object.entries(bundle)) {
      expect(text.trim(), key).not.toBe("");
      expect(placeholders(text), key).toEqual(placeholders(key));
    }
  });

  it("count: the form for many names the number, and everything that the form for one does", () => {
    for (const { one, other } of messages.plural) {
      expect(placeholders(other)).toContain("{0}");
      expect(placeholders(other)).toEqual(expect.arrayContaining([...placeholders(one)]));
    }
  });
});

describe("manifest", () => {
  const english = manifestTexts();
  const asked = keysIn(readJson("package.json"));

  it("asks for every text by a key that exists, and for all of them", () => {
    expect([...asked].toSorted()).toEqual(Object.keys(english).toSorted());
  });

  it("holds no text itself that VS Code shows", () => {
    const { contributes, capabilities } = readJson("package.json") as Record<string, unknown>;
    expect(shownTexts([contributes, capabilities]).filter((text) => keyOf(text) === undefined && !productNames.includes(text))).toEqual([]);
  });

  it.each(languages)("is translated to %s whole, with the same links and code", (language) => {
    const texts = manifestTexts(language);
    expect(Object.keys(texts)).toEqual(Object.keys(english));
    for (const [key, text] of Object.entries(english)) expect(fixedParts(texts[key] ?? ""), key).toEqual(fixedParts(text));
  });

  it.each(languages)("has its walkthrough's pages in %s, with the same links and code", (language) => {
    const folder = join(root, "media/walkthrough");
    const pages = globSync("*.md", { cwd: folder }).filter((page) => !page.includes(".nls."));
    expect(pages).toHaveLength(3);
    for (const page of pages) {
      const [text, translation] = [page, page.replace(/md$/, `nls.${language}.md`)].map((name) => readFileSync(join(folder, name), "utf8"));
      expect(fixedParts(translation ?? ""), page).toEqual(fixedParts(text ?? ""));
    }
  });

  it.each(languages)("calls a command in %s as the messages do", (language) => {
    const bundle = readJson(`media/l10n/bundle.l10n.${language}.json`) as Record<string, string>;
    const both = Object.entries(english).filter(([key, text]) => key.startsWith("command.") && text in bundle);
    expect(both.length).toBeGreaterThan(15);
    for (const [key, text] of both) expect(bundle[text], text).toBe(manifestTexts(language)[key]);
  });
});

describe("sources", () => {
  it("show no text that no bundle knows", () => expect(findPlainLiterals()).toEqual([]));

  it.each([
    `window.showQuickPick(picks, { title: "Which one?" })`,
    `window.showInformationMessage("done")`,
    `tell("warning", "It did not work.")`,
    "tell(`warning`, `It did not work: ${reason}`)",
    `const button = ["Show Log", run]`,
    `item.tooltip = count + " tasks are open"`,
    `const pick = { label: "more" }`,
  ])("would be caught: %s", (source) => expect(plainLiterals(source)).toHaveLength(1));

  it.each([
    `window.showQuickPick(picks, { title: t("Which one?") })`,
    `throw new TaskMasterError("NO_FOLDER", "No folder is open.")`,
    `log.warn("It did not work.")`,
    `commands.executeCommand("workbench.action.reloadWindow")`,
    `type Kind = "two words" | "Three more words"`,
    `const item = new TreeItem(title)`,
  ])("need no translation: %s", (source) => expect(plainLiterals(source)).toEqual([]));

  it("choose the language before anything else is loaded: texts are made when modules are", () => {
    const firstImport = (path: string): string | undefined => /^import .*?"(.+)";$/m.exec(readFileSync(join(root, path), "utf8"))?.[1];
    expect(firstImport("src/extension.ts")).toBe("./platform/language.ts");
    expect(firstImport("src/webview/app/runView.ts")).toBe("./language.ts");
  });
});

function placeholders(text: string): readonly string[] {
  return [...text.matchAll(/\{\d+\}/g)].map(([placeholder]) => placeholder).toSorted();
}

/** What a translation must not touch: targets of links, settings and code. */
function fixedParts(text: string): readonly string[] {
  return [...text.matchAll(/\]\([^)]+\)|`[^`<>]+`/g)].map(([part]) => part).toSorted();
}

function keysIn(value: unknown): ReadonlySet<string> {
  return new Set(stringsIn(value).flatMap((text) => keyOf(text) ?? []));
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

const shownFields = new Set([
  "title",
  "name",
  "contextualTitle",
  "contents",
  "description",
  "markdownDescription",
  "patternErrorMessage",
  "altText",
  "enumDescriptions",
  "markdownEnumDescriptions",
  "enumItemLabels",
  "deprecationMessage",
]);

function shownTexts(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (shownFields.has(name) ? stringsIn(inner) : shownTexts(inner)));
}
