import { expect, test } from "vitest";
import { createStructuredLogger } from "../../../src/host/structuredLogger.ts";
import { logLevels } from "../../../src/model/taskEvent.ts";

function logged(level: (typeof logLevels)[number], use: (log: ReturnType<typeof createStructuredLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  use(createStructuredLogger(level, { write: (line) => lines.push(line) }, () => 0));
  expect(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1)).toBe(true);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("one JSON line for each entry: time, level and message first, then what was given", () => {
  const lines: string[] = [];
  createStructuredLogger("info", { write: (line) => lines.push(line) }, () => 0).info("two\nlines", { task: "a", count: 2, level: "fake", message: "fake" });
  expect(lines).toEqual(['{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"two\\nlines","task":"a","count":2}\n']);
});

test.each(logLevels)("from %s on", (least) => {
  const levels = logged(least, (log) => logLevels.forEach((level) => log[level]("x"))).map(({ level }) => level);
  expect(levels).toEqual(logLevels.slice(logLevels.indexOf(least)));
});

test.each([
  ["a URL with a login", "https://me:hunter2hunter2@example.invalid/x", "hunter2"],
  ["a header", "Authorization: Bearer abcdefgh12345678", "abcdefgh"],
  ["a key of a provider", "sk-proj-abcdefghijklmnop", "abcdefgh"],
  ["a token of a forge", "ghp_abcdefghijklmnopqrst", "abcdefgh"],
  ["an assignment", "OPENROUTER_API_KEY=abcdefgh", "abcdefgh"],
  ["a private key", "-----BEGIN RSA PRIVATE KEY-----\nabcdefgh", "abcdefgh"],
  ["one at the place where long text is cut", `${"x ".repeat(995)}ghp_${"abcdefgh".repeat(10)}`, "ghp_a"],
])("%s is not logged", (_what, secret, part) => {
  const entries = logged("debug", (log) => log.error(secret, { deep: { list: [secret] }, apiKey: "abcdefgh hunter2" }));
  expect(JSON.stringify(entries)).not.toContain(part);
  expect(entries[0]).toMatchObject({ apiKey: "***" });
});

test("what is long, wide or deep is cut", () => {
  const deep = { a: { b: { c: { d: { e: "bottom" } } } } };
  const [entry] = logged("debug", (log) =>
    log.info("x".repeat(1_000_000), { list: Array.from({ length: 1_000 }, () => 1), deep, none: null, gone: undefined }),
  );
  const text = JSON.stringify(entry);
  expect(text.length).toBeLessThan(10_000);
  expect(text).not.toContain("bottom");
  expect(entry).toMatchObject({ message: expect.stringContaining("(1000000 characters)") as string, none: null });
});

test("a sink that fails does not fail the work", () => {
  const log = createStructuredLogger("debug", {
    write: () => {
      throw new Error("closed");
    },
  });
  expect(() => log.info("x")).not.toThrow();
});
