/** The value below which the share `p` (0 to 1) of the values lies, interpolated. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}

/** The middle of the values. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Median and quartiles as text, to show how steady the values are. */
export function spread(values: readonly number[]): string {
  return `${percentile(values, 0.25).toFixed(1)} / ${median(values).toFixed(1)} / ${percentile(values, 0.75).toFixed(1)}`;
}

/** Runs both sides in turn, swapping who comes first in each round, and gives the values of each side by round. */
export async function interleave<A, B>(rounds: number, ours: (round: number) => Promise<A>, other: (round: number) => Promise<B>): Promise<[A, B][]> {
  const pairs: [A, B][] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await ours(round);
      pairs.push([first, await other(round)]);
    } else {
      const first = await other(round);
      pairs.push([await ours(round), first]);
    }
  }
  return pairs;
}
