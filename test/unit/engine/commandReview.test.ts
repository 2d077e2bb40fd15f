/** What a command line is asked about: known dangers and the known ways to hide them, and the everyday lines that must not stop a night's work. */
import { expect, test } from "vitest";
import { reviewCommand } from "../../../src/engine/commandReview.ts";
import { parseShell } from "../../../src/engine/shellScript.ts";
import { NotUnderstood } from "../../../src/engine/shellSyntax.ts";
import { dangerous, harmless } from "./fixtures/commandLines.ts";
import { around, core } from "./fixtures/commandWraps.ts";

const worktree = "/home/u/.config/Code/worktrees/t1";
const dangersOf = (text: string): readonly string[] => reviewCommand(text, worktree).dangers;

test.each(dangerous)("is asked about: %j", (text) => {
  expect(dangersOf(text)).not.toEqual([]);
});

test.each(harmless)("is not asked about: %j", (text) => {
  expect(dangersOf(text)).toEqual([]);
});

test.each(core)("is found whatever stands around it: %s", (text) => {
  for (const wrap of around) expect(dangersOf(wrap(text)), wrap(text)).not.toEqual([]);
});

test("what is nested without end or is far too long is not understood instead of read for ever", () => {
  for (const text of [
    `${"$(".repeat(5_000)}x${")".repeat(5_000)}`,
    `${"${a:-".repeat(3_000)}x${"}".repeat(3_000)}`,
    "a".repeat(70_000),
    `echo ${"`".repeat(9_999)}`,
  ]) {
    expect(() => parseShell(text)).toThrow(NotUnderstood);
  }
});

test("tells which programs run, and only where it can", () => {
  expect(reviewCommand("npm run build && git status --short", worktree).programs).toBeUndefined();
  expect(reviewCommand("npm test && ls -la | wc -l", worktree).programs).toEqual(["npm test", "ls", "wc"]);
  for (const text of ["bash x.sh", "node -e 1", "env ls", "eval ls", "xargs ls"]) expect(reviewCommand(text, worktree).programs, text).toBeUndefined();
});
