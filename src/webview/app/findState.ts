import { t } from "../../base/l10n.ts";

/** What a search has found so far and which of the hits is looked at. Pure. */
export class FindState {
  #hits: number[] = [];
  #at: number | undefined;
  #id = 0;
  text = "";
  isDone = true;
  isCut = false;

  get id(): number {
    return this.#id;
  }

  get count(): number {
    return this.#hits.length;
  }

  /** The hit that is looked at, from 1. */
  get position(): number | undefined {
    return this.#at === undefined ? undefined : this.#at + 1;
  }

  get current(): number | undefined {
    return this.#at === undefined ? undefined : this.#hits[this.#at];
  }

  /** Begins another search; gives its number. */
  begin(text: string): number {
    this.#hits = [];
    this.#at = undefined;
    this.text = text;
    this.isDone = text === "";
    this.isCut = false;
    return ++this.#id;
  }

  /** Takes hits of a search; those of an earlier one are ignored. */
  add(id: number, hits: readonly number[], { isDone, isCut }: { readonly isDone: boolean; readonly isCut: boolean }): boolean {
    if (id !== this.#id) return false;
    this.#hits.push(...hits);
    this.isDone = isDone;
    this.isCut = isCut;
    return true;
  }

  /** Looks at the first hit from an event on, else at the last one. */
  lookFrom(seq: number): number | undefined {
    if (this.#hits.length === 0) return undefined;
    const at = this.#hits.findIndex((hit) => hit >= seq);
    this.#at = at < 0 ? this.#hits.length - 1 : at;
    return this.current;
  }

  /** Goes to the next or the previous hit, round and round. */
  step(by: 1 | -1): number | undefined {
    const { length } = this.#hits;
    if (length === 0) return undefined;
    this.#at = this.#at === undefined ? 0 : (this.#at + by + length) % length;
    return this.current;
  }

  /** "3 of 17", for people. */
  describe(): string {
    if (this.text === "") return "";
    if (this.count === 0) return this.isDone ? t("Nothing found") : t("Searching…");
    const more = this.isCut ? "+" : this.isDone ? "" : "…";
    return t("{0} of {1}", this.position ?? "?", `${this.count}${more}`);
  }
}
