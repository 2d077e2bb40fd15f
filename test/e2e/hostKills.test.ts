/** A small dose of `npm run chaos:vscode`. */
import { expect, test } from "vitest";
import { killHosts } from "../chaos/killHosts.ts";

const seed = Date.now() % 1_000_000;

test("three extension hosts killed at random points: right state, told in one line, no process left, resumed to the end", { timeout: 300_000 }, async () => {
  const results = await killHosts({ kills: 3, seed });
  expect(
    results.flatMap(({ violations }) => violations),
    `npm run chaos:vscode -- --kills 3 --seed ${seed}`,
  ).toEqual([]);
  expect(results).toHaveLength(3);
});
