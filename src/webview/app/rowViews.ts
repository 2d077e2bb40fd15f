import type { Row } from "./rows.ts";

/** The pictures of rows by their keys. A picture whose row changed while it was not being told is brought up to date when it is asked for. */
export class RowViews<V extends { update(): void }> {
  readonly #make: (row: Row) => V;
  readonly #known = new Map<string, { readonly view: V; revision: number }>();

  constructor(make: (row: Row) => V) {
    this.#make = make;
  }

  /** The row's picture as the row is now: kept, brought up to date, or new. */
  of(row: Row): V {
    const known = this.#known.get(row.key);
    if (known === undefined) {
      const view = this.#make(row);
      this.#known.set(row.key, { view, revision: row.revision });
      return view;
    }
    if (known.revision !== row.revision) this.update(row);
    return known.view;
  }

  /** The row has changed; one without a picture is nobody's. */
  update(row: Row): void {
    const known = this.#known.get(row.key);
    if (known === undefined) return;
    known.revision = row.revision;
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

  views(): readonly V[] {
    return [...this.#known.values()].map(({ view }) => view);
  }
}
