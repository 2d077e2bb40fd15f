import { expect, test } from "vitest";
import { parseDeadline } from "../../../src/terminal/deadline.ts";

test("a date alone is the end of that local day", () => {
  expect(parseDeadline("2026-12-24")).toBe(new Date(2026, 11, 24, 23, 59, 59, 999).getTime());
  expect(parseDeadline("2028-02-29")).toBe(new Date(2028, 1, 29, 23, 59, 59, 999).getTime());
});

test.each([
  ["2026-12-24T18:00", new Date(2026, 11, 24, 18, 0).getTime()],
  ["2026-12-24 18:00:05", new Date(2026, 11, 24, 18, 0, 5).getTime()],
  ["2026-12-24T18:00:00.5", new Date(2026, 11, 24, 18, 0, 0, 500).getTime()],
  ["2026-12-24T18:00:00Z", Date.UTC(2026, 11, 24, 18)],
  ["2026-12-24T18:00+02:00", Date.UTC(2026, 11, 24, 16)],
  ["2026-12-24T18:00-0530", Date.UTC(2026, 11, 24, 23, 30)],
])("%s", (text, expected) => {
  expect(parseDeadline(text)).toBe(expected);
});

test.each([
  "",
  "24.12.2026",
  "2026-2-3",
  "2026-02-30",
  "2026-13-01",
  "2026-00-10",
  "2026-12-24T24:00",
  "2026-12-24T10:60",
  "2026-12-24T10",
  "12345",
  "2026-12-24Z",
])("%j is no date", (text) => {
  expect(() => parseDeadline(text)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
});
