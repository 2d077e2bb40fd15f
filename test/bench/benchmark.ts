/** One line of the table: our side, the other side of the same run, and what the design asks for. */
export interface Measurement {
  readonly what: string;
  readonly unit: "ms" | "kB" | "µs" | "MB" | "/s" | "";
  readonly ours: number;
  /** Absent where there is nothing to compare with. */
  readonly other?: { readonly name: string; readonly value: number };
  /** Absent for lines that only explain another one. */
  readonly goal?: { readonly text: string; readonly met: boolean };
}

/** What a benchmark found. */
export interface BenchmarkResult {
  readonly measurements: readonly Measurement[];
  /** What a reader has to know to judge the numbers. */
  readonly notes: readonly string[];
}

/** What a benchmark is given. */
export interface BenchmarkContext {
  /** A copy of the built bundles, so that a build meanwhile changes nothing. */
  readonly dist: string;
  /** Takes one line of progress. */
  readonly say: (line: string) => void;
}

/** Measures both sides in one interleaved run. Never throws because something is slow. */
export type Benchmark = (context: BenchmarkContext) => Promise<BenchmarkResult>;

/** Ours divided by the other side. */
export function ratioOf({ ours, other }: Measurement): number | undefined {
  return other === undefined || other.value === 0 ? undefined : ours / other.value;
}
