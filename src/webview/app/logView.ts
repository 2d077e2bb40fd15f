import { t } from "../../base/l10n.ts";
import { element } from "./dom.ts";
import { lineView } from "./lineView.ts";
import { messageView } from "./messageView.ts";
import { RowHeights, RowLayout } from "./rowLayout.ts";
import type { Row } from "./rows.ts";
import type { RowContext, RowView } from "./rowView.ts";
import { RowViews } from "./rowViews.ts";
import { toolView } from "./toolView.ts";

/** So near to the end (px) counts as at the end. */
const nearEnd = 24;
/** Rows are drawn so far (px) beyond what is visible, and others are asked for when so much is left. */
const overscan = 200;
const nearEdge = 800;
/** Estimates become measured heights; what that brings into view has estimates of its own. */
const maxPasses = 3;

/** A row by its first event, and how far the top of the view lies below its top (px). */
export interface Anchor {
  readonly seq: number;
  readonly offset: number;
}

/** What the log tells. */
export interface LogPorts {
  readonly context: RowContext;
  /** Draws again in the next frame. */
  readonly request: () => void;
  /** The user comes near the first or last row. */
  readonly onEdge: (edge: "start" | "end") => void;
  /** The user has scrolled, let go of the end or gone back to it. */
  readonly onMove: () => void;
}

/** The log: only the rows near the view are in the page. It follows the end, and lets go as soon as the user scrolls up. */
export class LogView {
  readonly scroller: HTMLElement;
  readonly list: HTMLElement;
  readonly #ports: LogPorts;
  readonly #above = element("div", { className: "space" });
  readonly #below = element("div", { className: "space" });
  readonly #views: RowViews<RowView>;
  readonly #heights = new RowHeights();
  #rows: readonly Row[] = [];
  #layout = new RowLayout([]);
  /** The rows that are drawn: these, from `first` on. */
  #mounted: readonly Row[] = [];
  #first = 0;
  #isFollowing = true;
  #anchor: Anchor | undefined;
  /** Where we have scrolled to, so that the event of it is not taken for the user's. */
  #top = 0;
  #width = 0;

  constructor(ports: LogPorts) {
    this.#ports = ports;
    this.#views = new RowViews((row) => makeView(row, ports.context));
    this.list = element("div", { className: "rows", attributes: { role: "log", "aria-live": "polite", "aria-label": t("What Goose says and does") } });
    this.scroller = element("div", { className: "scroller", attributes: { tabindex: "0", role: "region", "aria-label": t("Run log") } });
    this.scroller.append(this.#above, this.list, this.#below);
    this.scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    const watch = new ResizeObserver(() => ports.request());
    watch.observe(this.scroller);
    // A row was opened or closed.
    watch.observe(this.list);
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Where the user reads; undefined at the end. */
  get anchor(): Anchor | undefined {
    return this.#isFollowing ? undefined : this.#anchor;
  }

  /** The rows that are shown, drawn or not. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** The first row in view. */
  get topIndex(): number {
    return this.#layout.indexAt(this.scroller.scrollTop);
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#setFollowing(true);
    this.#ports.request();
  }

  /** Goes to a place, if it is among the rows when they are drawn. */
  goTo(anchor: Anchor): void {
    this.#setFollowing(false);
    this.#anchor = anchor;
    this.#ports.request();
  }

  /** The picture of a row, if it is drawn. */
  nodeOf(row: Row): HTMLElement | undefined {
    return this.#mounted.includes(row) ? this.#views.of(row).node : undefined;
  }

  /** The row in whose picture a node is. */
  rowOf(node: Node): Row | undefined {
    return this.#mounted.find((row) => this.#views.of(row).node.contains(node));
  }

  /** Draws the rows near the view as they are now. */
  draw(rows: readonly Row[]): void {
    this.#rows = rows;
    const { clientWidth } = this.scroller;
    if (clientWidth !== this.#width) this.#heights.clear();
    this.#width = clientWidth;
    if (this.#heights.size > 2 * rows.length + 100) this.#forget();
    for (let pass = 0; pass < maxPasses; pass++) {
      this.#mount();
      if (!this.#measure()) break;
    }
    this.#place();
    this.#tellEdges();
  }

  /** Every picture is to be drawn anew: what is open has changed. */
  redraw(): void {
    for (const row of this.#mounted) this.#views.update(row);
    this.#ports.request();
  }

  #wantedTop(): number {
    const end = Math.max(0, this.#layout.height - this.scroller.clientHeight);
    if (this.#isFollowing || this.#anchor === undefined) return end;
    const { seq, offset } = this.#anchor;
    const index = this.#rows.findLastIndex((row) => row.seq <= seq);
    return Math.min(end, Math.max(0, this.#layout.topOf(Math.max(0, index)) + offset));
  }

  #mount(): void {
    this.#layout = new RowLayout(this.#rows.map((row) => this.#heights.of(row)));
    const top = this.#wantedTop();
    const { first, end } = this.#layout.range(top - overscan, top + this.scroller.clientHeight + (this.#isFollowing ? 0 : overscan));
    const rows = this.#rows.slice(first, end);
    const wanted = new Set(rows.map(({ key }) => key));
    for (const { key } of this.#mounted) if (!wanted.has(key)) this.#unmount(key);
    let next = this.list.firstChild;
    for (const row of rows) {
      const { node } = this.#views.of(row);
      if (node === next) next = next.nextSibling;
      else this.list.insertBefore(node, next);
    }
    // Pictures whose rows came anew with a page have new ones in front of them.
    for (; next !== null; next = this.list.childNodes[rows.length] ?? null) next.remove();
    this.#first = first;
    this.#mounted = rows;
  }

  #unmount(key: string): void {
    const node = this.#views.take(key)?.node;
    // The focus must not fall out of the log.
    if (node?.contains(document.activeElement) === true) this.scroller.focus({ preventScroll: true });
    node?.remove();
  }

  #measure(): boolean {
    const heights = this.#mounted.map((row) => [row.key, this.#views.of(row).node.getBoundingClientRect().height] as const);
    return heights.reduce((isNew, [key, height]) => this.#heights.measure(key, height) || isNew, false);
  }

  #place(): void {
    this.#layout = new RowLayout(this.#rows.map((row) => this.#heights.of(row)));
    this.#above.style.height = `${this.#layout.topOf(this.#first)}px`;
    this.#below.style.height = `${this.#layout.height - this.#layout.topOf(this.#first + this.#mounted.length)}px`;
    const top = this.#wantedTop();
    if (this.#isFollowing) this.scroller.scrollTop = this.scroller.scrollHeight;
    else if (Math.abs(this.scroller.scrollTop - top) > 0.5) this.scroller.scrollTop = top;
    this.#top = this.scroller.scrollTop;
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (Math.abs(scrollTop - this.#top) < 1) return;
    const isUp = scrollTop < this.#top;
    this.#top = scrollTop;
    const isAtEnd = scrollHeight - scrollTop - clientHeight <= nearEnd;
    // Growth moves the end away from the view; only going up is the user's wish to let go.
    if (isAtEnd) this.#setFollowing(true);
    else if (isUp) this.#setFollowing(false);
    const index = this.#layout.indexAt(scrollTop);
    const row = this.#rows[index];
    if (row !== undefined) this.#anchor = { seq: row.seq, offset: scrollTop - this.#layout.topOf(index) };
    this.#ports.onMove();
    this.#ports.request();
  }

  #setFollowing(isFollowing: boolean): void {
    if (isFollowing === this.#isFollowing) return;
    this.#isFollowing = isFollowing;
    // Rows that come back while the user reads are no news.
    this.list.setAttribute("aria-live", isFollowing ? "polite" : "off");
    this.#ports.onMove();
  }

  #tellEdges(): void {
    const { scrollTop, clientHeight } = this.scroller;
    if (scrollTop < nearEdge) this.#ports.onEdge("start");
    if (this.#layout.height - scrollTop - clientHeight < nearEdge) this.#ports.onEdge("end");
  }

  #forget(): void {
    const keys = new Set(this.#rows.map(({ key }) => key));
    this.#heights.keep(keys);
    this.#ports.context.expansion.keep(keys);
  }
}

function makeView(row: Row, context: RowContext): RowView {
  if (row.kind === "message") return messageView(row, context);
  return row.kind === "tool" ? toolView(row, context) : lineView(row, context);
}
