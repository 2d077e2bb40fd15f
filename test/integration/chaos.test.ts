/** A small dose of `npm run chaos`; the seed is in the message when it fails. */
import { expect, test } from "vitest";
import { runChaos } from "../chaos/runChaos.ts";

const seed = Date.now() % 1_000_000;

test("100 engines killed and others stopped at random: nothing is lost, nothing done twice", { timeout: 180_000 }, async () => {
  const { violations, kills, stops, tasks } = await runChaos({ kills: 100, seed });
  expect(violations, `npm run chaos -- --kills 100 --seed ${seed}`).toEqual([]);
  expect(kills).toBe(100);
  expect(stops).toBeGreaterThan(0);
  expect(tasks).toBeGreaterThan(100);
});
