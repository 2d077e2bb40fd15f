import { expect, test } from "vitest";
import { readResetTime } from "../../../src/worker/goose/resetTime.ts";

const now = Date.UTC(2026, 10, 21, 12);

test.each([
  ["Rate limit reached for gpt-4.1 (TPM): Limit 30000. Please try again in 6m12.5s. Visit https://example.com/1h.", 372.5],
  ["You exceeded your current quota. Please retry in 35.2s..", 35.2],
  ["Please try again in 20 minutes", 1_200],
  ["The limit resets in 1 hour and 5 minutes.", 3_900],
  ["try again in 1h2m3s", 3_723],
  ["Please try again in 1 day, 2 hours", 93_600],
  ["try again in 250ms", 0.25],
  ["Retry-After: 30", 30],
  ['"retry_after": 5', undefined],
  ["retry after 30 seconds", 30],
  ["Your limit resets at 2026-11-21T14:00:00Z", 7_200],
  ["reset at 2026-11-21 14:00 +0100", 3_600],
  ["usage limit reached|1795269600", 7_200],
  ["resets_at: 1795269600000", 7_200],
])("%s", (text, seconds) => {
  expect(readResetTime(`Ran into this error: Rate limit exceeded: ${text}`, now)).toBe(seconds === undefined ? undefined : now + seconds * 1_000);
});

test.each([
  "try again later",
  "resets 3pm",
  "resets at 2020-01-01T00:00:00Z",
  "try again in 99999999 days",
  "resets at 2026-99-99T00:00:00Z",
  "retry after 0",
  "try again in 0s",
  "Please retry if you think this is a transient or recoverable error.",
  "12 minutes",
  "",
])("%j tells no time", (text) => {
  expect(readResetTime(text, now)).toBeUndefined();
});
