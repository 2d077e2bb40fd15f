import { expect, test } from "vitest";
import { cleanLine, cleanText, safeJson, shorten } from "../../../src/terminal/cleanText.ts";

test.each([
  ["colours", "\u001b[31mred\u001b[0m", "red"],
  ["a title that is set", "\u001b]0;owned\u0007after", "after"],
  ["a link", "\u001b]8;;http://evil\u001b\\text\u001b]8;;\u001b\\", "text"],
  ["clearing the screen", "a\u001b[2J\u001b[Hb", "ab"],
  ["a device string", "\u001bPq#0\u001b\\x", "x"],
  ["C1 sequences", "\u009b31mred\u009d0;t\u009cx", "redx"],
  ["a reset", "\u001bcx", "x"],
  ["backspaces and bells", "a\b\b\u0007\u0000b\u007f", "ab"],
  ["a lone carriage return that would overwrite", "harmless\rrm -rf", "harmless\nrm -rf"],
  ["line ends of Windows", "a\r\nb", "a\nb"],
  ["tabs stay", "a\tb", "a\tb"],
  ["text behind a sequence that does not end stays visible", "\u001b]0;hidden\nshown", "0;hidden\nshown"],
  ["bidi controls", "a\u202eb\u2066c", "a<U+202E>b<U+2066>c"],
  ["other line separators", "a\u2028b", "a<U+2028>b"],
  ["letters and emoji stay", "żółć 👩‍💻 日本", "żółć 👩‍💻 日本"],
])("%s", (_name, text, expected) => {
  expect(cleanText(text)).toBe(expected);
});

test("many unfinished sequences take no time", () => {
  const start = performance.now();
  cleanText("\u001b]".repeat(200_000) + "\u0090".repeat(200_000) + "\u001b[0".repeat(100_000));
  expect(performance.now() - start).toBeLessThan(2_000);
});

test("a line has no line breaks", () => {
  expect(cleanLine(" a\n\n  b\u001b[1m ")).toBe("a b");
});

test("JSON keeps the text and shows nothing that a terminal obeys", () => {
  const value = { text: "\u001b[31m\u009b\u202e\u2028é" };
  const json = safeJson(value);
  expect(JSON.parse(json)).toEqual(value);
  expect(json).toMatch(/^[\u0020-\u007eé]*$/);
});

test("a cut does not split a character", () => {
  expect(shorten("👍👍👍👍👍", 4)).toBe("👍...");
  expect(shorten("abc", 3)).toBe("abc");
});
