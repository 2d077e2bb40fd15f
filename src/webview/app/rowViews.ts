import type { Row } from "./rows.ts";

/** The pictures of rows by their keys. A picture whose row has changed is brought up to date when it is asked for. */
export class RowViews<V extends { update(): void }> {
  readonly #make: (row: Row) => V;
  readonly #known = new Map<string, { readonly view: V; readonly row: Row; state: string }>();

  constructor(make: (row: Row) => V) {
    this.#make = make;
  }

  /** The row's picture as the row is now: kept, brought up to date, or new. */
  of(row: Row): V {
    const known = this.#known.get(row.key);
    // Another row with the same key has come with another page.
    if (known === undefined || known.row !== row) {
      const view = this.#make(row);
      this.#known.set(row.key, { view, row, state: stateOf(row) });
      return view;
    }
    if (known.state !== stateOf(row)) this.update(row);
    return known.view;
  }

  /** Brings a picture up to date; a row without one is nobody's. */
  update(row: Row): void {
    const known = this.#known.get(row.key);
    if (known === undefined) return;
    known.state = stateOf(row);
    known.view.update();
  }

  /** Forgets a picture and gives it back. */
  take(key: string): V | undefined {
    const known = this.#known.get(key);
    this.#known.delete(key);
    return known?.view;
  }

  keys(): readonly string[] {
    return [...this.#known.keys()];
  }
}

function stateOf(row: Row): string {
  return `${row.revision} ${row.kind === "message" ? row.text.length : ""}`;
}
