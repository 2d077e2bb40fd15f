/** The table of `npm run truth`: every scenario ends in its one right way, and none in a false success. */
import { describe, expect, test } from "vitest";
import { rowOf } from "../truth/rowOf.ts";
import { scenarios } from "../truth/scenarios.ts";

test("every scenario has a name of its own", () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

describe.concurrent("truth", { timeout: 150_000 }, () => {
  test.each(scenarios)("$name", async (scenario) => {
    expect(await rowOf(scenario)).toMatchObject({ isFalseSuccess: false, differences: [] });
  });
});
