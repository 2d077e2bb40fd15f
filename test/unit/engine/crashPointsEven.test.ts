import { afterAll, expect, test } from "vitest";
import { playEveryCrash, removePlayed, stories } from "./fixtures/crashStories.ts";

afterAll(removePlayed);

test.each(Object.entries(stories))("%s survives every crash and every pair, the first at an even point", { timeout: 300_000 }, async (name, story) => {
  expect(await playEveryCrash(name, story, "even")).toEqual([]);
});
