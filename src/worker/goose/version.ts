/** The oldest Goose that we talk to: the one everything was measured with. */
export const minimumGooseVersion = "1.52.0";

/** Compares versions by their three numbers; what cannot be read counts as older. */
export function isOlder(version: string, minimum: string): boolean {
  const [left, right] = [numbers(version), numbers(minimum)];
  if (left === undefined || right === undefined) return true;
  const index = left.findIndex((part, position) => part !== right[position]);
  return index >= 0 && (left[index] ?? 0) < (right[index] ?? 0);
}

function numbers(version: string): readonly number[] | undefined {
  const match = /^\s*v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? undefined : match.slice(1).map(Number);
}
