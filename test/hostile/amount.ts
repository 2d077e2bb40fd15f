/** How much a test of hostile input tries: little in the ordinary run, everything with `npm run fuzz`. */
export const isFull = process.env["FUZZ"] === "full";

/** The number for this run. */
export function amount(ordinary: number, full: number): number {
  return isFull ? full : ordinary;
}

/** Time for a test that tries so much (ms). */
export const fuzzTimeoutMs = isFull ? 1_200_000 : 60_000;
