import { element } from "./dom.ts";
import { lineView } from "./lineView.ts";
import { messageView, type RowView } from "./messageView.ts";
import type { Change } from "./runModel.ts";
import type { Row } from "./rows.ts";
import { RowViews } from "./rowViews.ts";
import { toolView } from "./toolView.ts";

/** So near to the end (px) counts as at the end. */
const nearEnd = 24;

/** The log: draws rows, follows the end, and lets go as soon as the user scrolls up. */
export class LogView {
  readonly node: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #list: HTMLElement;
  readonly #earlier: HTMLButtonElement;
  readonly #toEnd: HTMLButtonElement;
  readonly #views = new RowViews<RowView>(makeView);
  #last: RowView | undefined;
  #isFollowing = true;
  #lastTop = 0;

  /** `loadEarlier` is asked for the page before the first row. */
  constructor(loadEarlier: () => void) {
    this.#earlier = element("button", { className: "secondary earlier", attributes: { type: "button" } }, "Load earlier");
    this.#earlier.hidden = true;
    this.#earlier.addEventListener("click", () => {
      this.#earlier.disabled = true;
      loadEarlier();
    });
    this.#list = element("div", { className: "rows", attributes: { role: "log", "aria-live": "polite", "aria-label": "What Goose says and does" } });
    this.#scroller = element("div", { className: "scroller", attributes: { tabindex: "0" } }, this.#earlier, this.#list);
    this.#toEnd = element("button", { className: "toEnd", attributes: { type: "button" } }, "Follow the end");
    this.#toEnd.hidden = true;
    this.#toEnd.addEventListener("click", () => this.follow());
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.node = element("main", { className: "log" }, this.#scroller, this.#toEnd);
    new ResizeObserver(() => this.#keepEnd()).observe(this.#scroller);
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#setFollowing(true);
    this.#keepEnd();
    // The button that had the focus is gone.
    this.#scroller.focus({ preventScroll: true });
  }

  /** Draws all rows; views of rows that were there are kept with what the user opened in them. `keepPlace` leaves what is visible where it is. */
  draw(rows: readonly Row[], keepPlace: boolean): void {
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    const keys = new Set(rows.map((row) => row.key));
    for (const key of this.#views.keys()) if (!keys.has(key)) this.#views.take(key)?.node.remove();
    let next = this.#list.firstChild;
    for (const row of rows) {
      const view = this.#views.of(row);
      if (view.node === next) next = next.nextSibling;
      else this.#list.insertBefore(view.node, next);
    }
    const last = rows.at(-1);
    this.#last = last === undefined ? undefined : this.#views.of(last);
    for (const view of this.#views.views()) if (view !== this.#last) view.settle?.();
    if (keepPlace) this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    this.#keepEnd();
  }

  /** Draws what an addition has changed. */
  apply({ added, changed }: Change): void {
    for (const row of changed) this.#views.update(row);
    for (const row of added) {
      const view = this.#views.of(row);
      if (view.node.isConnected) view.update();
      else this.#list.append(view.node);
      this.#last?.settle?.();
      this.#last = view;
    }
    this.#keepEnd();
  }

  /** Takes rows out at the top. */
  drop(rows: readonly Row[]): void {
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    for (const row of rows) this.#views.take(row.key)?.node.remove();
    if (!this.#isFollowing) this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
  }

  /** Whether there is something before the first row. */
  setEarlier(hasEarlier: boolean): void {
    this.#earlier.hidden = !hasEarlier;
    this.#earlier.disabled = false;
  }

  #keepEnd(): void {
    if (!this.#isFollowing) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isAtEnd = scrollHeight - scrollTop - clientHeight <= nearEnd;
    // Growth moves the end away from the view; only going up is the user's wish to let go.
    if (isAtEnd) this.#setFollowing(true);
    else if (scrollTop < this.#lastTop - 1) this.#setFollowing(false);
    this.#lastTop = scrollTop;
  }

  #setFollowing(isFollowing: boolean): void {
    this.#isFollowing = isFollowing;
    this.#toEnd.hidden = isFollowing;
  }
}

function makeView(row: Row): RowView {
  if (row.kind === "message") return messageView(row);
  return row.kind === "tool" ? toolView(row) : lineView(row);
}
