/** Any command line at all: what is dangerous stays so whatever stands around it, no path is written outside unasked, everything gets an answer. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { reviewCommand } from "../../../src/engine/commandReview.ts";
import { around, core, endsQuotes } from "./fixtures/commandWraps.ts";

const worktree = "/home/u/.config/Code/worktrees/t1";
const dangersOf = (text: string): readonly string[] => reviewCommand(text, worktree).dangers;

test("whatever stands around it, up to three times over, it is found", () => {
  fc.assert(
    fc.property(fc.constantFrom(...core), fc.array(fc.constantFrom(...around), { maxLength: 3 }), (text, wraps) => {
      const line = wraps.reduce((inner, wrap) => (endsQuotes(inner, wrap(inner)) ? inner : wrap(inner)), text);
      expect(dangersOf(line), line).not.toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("any text at all gets an answer, and soon", () => {
  const piece = fc.constantFrom(
    "rm",
    " ",
    "-rf",
    "~",
    "$(",
    ")",
    "`",
    "'",
    '"',
    "\\",
    "{",
    "}",
    ",",
    "$",
    "${",
    "<<",
    "EOF",
    "\n",
    ";",
    "|",
    "&",
    "case",
    "in",
    "esac",
    "[[",
    "((",
    "a",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
      ),
      (text) => {
        expect(Array.isArray(dangersOf(text))).toBe(true);
      },
    ),
    { numRuns: 5_000 },
  );
});

test("no path to which a command plainly writes leads out of the worktree unasked", () => {
  const part = fc.constantFrom("..", ".", "a", "b c", "src", "", "~x", "...", "-");
  const path = fc.tuple(fc.constantFrom("", "/", "./", "../"), fc.array(part, { minLength: 1, maxLength: 8 })).map(([start, parts]) => start + parts.join("/"));
  const quoted = (text: string): string => `'${text}'`;
  fc.assert(
    fc.property(
      path,
      fc.constantFrom("echo x > ", "touch -- ", "cp a -- ", "mkdir -p -- ", "gcc a.c -o ", "sort -uo ", "make -C ", "python3 -m venv -- "),
      (target, command) => {
        if (dangersOf(command + quoted(target)).length > 0) return;
        expect(resolved(target).startsWith(`${worktree}/`) || resolved(target) === worktree || resolved(target).startsWith("/tmp/"), target).toBe(true);
      },
    ),
    { numRuns: 5_000 },
  );
});

/** The oracle: as the system itself would go, step by step. */
function resolved(path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${worktree}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
