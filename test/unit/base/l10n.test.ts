import { describe, expect, it } from "vitest";
import { english, formKey, translator } from "../../../src/base/l10n.ts";

describe("translator", () => {
  it("takes the bundle's text and fills it in", () => {
    const t = translator("de", { "{0} of {1}": "{1}, davon {0}" });
    expect(t("{0} of {1}", "a", "b")).toBe("b, davon a");
    expect(t("Not in the bundle")).toBe("Not in the bundle");
  });

  it("fills in what is given as it is: a value is never a pattern", () => {
    expect(english("{0} and {1}", "{1}", "$&")).toBe("{1} and $&");
    expect(english("{0} {7} {x}", "a")).toBe("a {7} {x}");
  });

  it("knows nothing but texts of the bundle's own", () => {
    const t = translator("en", { wrong: 3, odd: { message: "no" } });
    expect(["wrong", "odd", "toString", "__proto__"].map((key) => t(key))).toEqual(["wrong", "odd", "toString", "__proto__"]);
  });

  it("writes numbers as the language does", () => {
    expect(english("{0} tokens", 81_000)).toBe("81,000 tokens");
    expect(translator("de", {})("{0} tokens", 81_000)).toBe("81.000 tokens");
  });

  const files = { one: "{0} file", other: "{0} files" };

  it("counts in English", () => expect([0, 1, 2].map((count) => english(files, count))).toEqual(["0 files", "1 file", "2 files"]));

  it("counts as the language does, which may have more forms or fewer", () => {
    const polish = translator("pl", { "{0} file": "{0} plik", "{0} files": "{0} pliku", "{0} files#few": "{0} pliki", "{0} files#many": "{0} plików" });
    expect([1, 3, 5].map((count) => polish(files, count))).toEqual(["1 plik", "3 pliki", "5 plików"]);
    expect(translator("fr", { "{0} file": "{0} fichier", "{0} files": "{0} fichiers" })(files, 0)).toBe("0 fichier");
    expect(translator("ja", { "{0} files": "{0} 個" })(files, 1)).toBe("1 個");
  });

  it("counts in English where the bundle lacks the form", () => {
    expect([1, 3].map((count) => translator("pl", {})(files, count))).toEqual(["1 file", "3 files"]);
    expect(formKey("a", "b", "few")).toBe("b#few");
  });
});
