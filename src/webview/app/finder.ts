import type { HostToView, ViewToHost } from "../../protocol/hostWebview.ts";
import { FindBar } from "./findBar.ts";
import { FindState } from "./findState.ts";
import { clearHighlights, highlightText } from "./highlight.ts";
import type { LogView } from "./logView.ts";
import type { RunHistory } from "./runHistory.ts";
import type { Row } from "./rows.ts";
import { holds } from "./rowText.ts";

/** What finding works on. */
export interface FinderPorts {
  readonly history: RunHistory;
  readonly log: LogView;
  readonly post: (message: ViewToHost) => void;
  /** Shows a row: no filter hides it, and it is open. */
  readonly reveal: (row: Row) => void;
}

/** Finds a text in the whole run: the host tells where it is, the page goes there and marks it. */
export class Finder {
  readonly bar: FindBar;
  readonly #ports: FinderPorts;
  readonly #state = new FindState();
  /** The hit whose page has been asked for. */
  #awaited: number | undefined;
  #currentRow: Row | undefined;

  constructor(ports: FinderPorts) {
    this.#ports = ports;
    this.bar = new FindBar({ onText: (text) => this.#search(text), onStep: (by) => this.#goTo(this.#state.step(by)), onClose: () => this.#close() });
  }

  /** Whether text is marked in what is drawn. */
  get isActive(): boolean {
    return this.#state.text !== "";
  }

  take({ id, hits, isDone, isCut }: Extract<HostToView, { type: "found" }>): void {
    if (!this.#state.add(id, hits, { isDone, isCut })) return;
    if (this.#state.position === undefined && (isDone || hits.some((hit) => hit >= this.#from()))) this.#goTo(this.#state.lookFrom(this.#from()));
    this.#describe();
  }

  /** A page came: the hit may be in it. */
  arrived(): void {
    if (this.#awaited !== undefined && this.#ports.history.has(this.#awaited)) this.#goTo(this.#awaited);
  }

  /** Marks the text in what is drawn now. */
  mark(): void {
    if (!this.isActive) return;
    const { log } = this.#ports;
    const current = this.#currentRow === undefined ? undefined : log.nodeOf(this.#currentRow);
    highlightText(
      [...log.list.children].filter((node) => node instanceof HTMLElement),
      this.#state.text,
      current,
    );
  }

  #search(text: string): void {
    const id = this.#state.begin(text);
    this.#currentRow = undefined;
    this.#awaited = undefined;
    clearHighlights();
    this.#ports.post(text === "" ? { type: "endFind" } : { type: "find", id, text });
    this.#describe();
  }

  #close(): void {
    this.#search("");
    this.#ports.log.scroller.focus({ preventScroll: true });
  }

  /** Where the user looks: hits behind it come first. */
  #from(): number {
    const { log } = this.#ports;
    return log.rows[log.topIndex]?.seq ?? 0;
  }

  #goTo(hit: number | undefined): void {
    this.#describe();
    if (hit === undefined) return;
    const { history, reveal } = this.#ports;
    if (!history.has(hit)) {
      this.#awaited = hit;
      return history.show(hit);
    }
    this.#awaited = undefined;
    const row = this.#rowOf(hit);
    if (row === undefined) return;
    this.#currentRow = row;
    reveal(row);
  }

  /** Several rows may begin with one event: the one that holds the text. */
  #rowOf(hit: number): Row | undefined {
    const { rows } = this.#ports.history;
    const index = this.#ports.history.indexOf(hit);
    const last = rows[index];
    if (last === undefined) return undefined;
    return rows.slice(Math.max(0, index - 100), index + 1).findLast((row) => row.seq === last.seq && holds(row, this.#state.text)) ?? last;
  }

  #describe(): void {
    this.bar.describe(this.#state.describe());
  }
}
