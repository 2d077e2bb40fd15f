import type { Row } from "./rows.ts";

/** The rows of a list between two heights: `first` up to before `end`, with what is above and below them (px). */
export interface RowRange {
  readonly first: number;
  readonly end: number;
  readonly above: number;
  readonly below: number;
}

/** Where each row lies in a list of which only a part is drawn. Heights are measured ones where a row was drawn before, else estimates. */
export class RowLayout {
  readonly #tops: Float64Array;

  constructor(heights: readonly number[]) {
    this.#tops = new Float64Array(heights.length + 1);
    for (const [index, height] of heights.entries()) this.#tops[index + 1] = this.topOf(index) + height;
  }

  /** Height of the whole list. */
  get height(): number {
    return this.#tops.at(-1) ?? 0;
  }

  /** Where a row begins. */
  topOf(index: number): number {
    return this.#tops[Math.min(Math.max(0, index), this.#tops.length - 1)] ?? 0;
  }

  /** The row at a height; the first or last one beyond the list. */
  indexAt(y: number): number {
    let [low, high] = [0, this.#tops.length - 2];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.topOf(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** The rows that touch a stretch. */
  range(from: number, to: number): RowRange {
    if (this.#tops.length === 1) return { first: 0, end: 0, above: 0, below: 0 };
    const first = this.indexAt(from);
    const end = this.indexAt(to) + 1;
    return { first, end, above: this.topOf(first), below: this.height - this.topOf(end) };
  }
}

/** Remembers how high rows were when they were drawn. */
export class RowHeights {
  readonly #known = new Map<string, number>();

  /** Measured, or about what it will be. */
  of(row: Row): number {
    return this.#known.get(row.key) ?? estimate(row);
  }

  /** Whether that is something new. */
  measure(key: string, height: number): boolean {
    if (height === 0 || Math.abs((this.#known.get(key) ?? -1) - height) < 0.5) return false;
    this.#known.set(key, height);
    return true;
  }

  /** Forgets the rows that are not there any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }

  /** Another width makes other heights. */
  clear(): void {
    this.#known.clear();
  }

  get size(): number {
    return this.#known.size;
  }
}

const lineHeight = 20;
const charactersPerLine = 110;

function estimate(row: Row): number {
  if (row.kind === "tool") return 40;
  if (row.kind === "line" || row.role === "thought" || row.role === "user") return 30;
  return 12 + lineHeight * Math.ceil((row.text.length + 1) / charactersPerLine);
}
