import type { HostToView, ViewToHost } from "../../protocol/hostWebview.ts";
import { RunModel } from "./runModel.ts";
import type { Row } from "./rows.ts";
import type { Limit } from "./trimming.ts";

/** What is kept while the view follows the end, and while the user reads. */
export const followLimit: Limit = { rows: 1_000, weight: 4_000_000 };
export const readLimit: Limit = { rows: 5_000, weight: 8_000_000 };

type Of<T extends HostToView["type"]> = Extract<HostToView, { type: T }>;

/**
 * The part of the journal that the page has, and the way to its other parts.
 *
 *   live (what comes is appended) --too much while the user reads, page of history--> reading --newer page up to the end, reset--> live
 */
export class RunHistory {
  readonly #post: (message: ViewToHost) => void;
  readonly #model = new RunModel();
  /** What was asked for first: said again until it is there. */
  #first: ViewToHost = { type: "ready" };
  #hasTask = false;
  #isLive = true;
  #isLoadingOlder = false;
  #isLoadingNewer = false;

  constructor(post: (message: ViewToHost) => void) {
    this.#post = post;
  }

  get rows(): readonly Row[] {
    return this.#model.rows;
  }

  /** What comes is appended: nothing lies behind the last row. */
  get isLive(): boolean {
    return this.#isLive;
  }

  get hasOlder(): boolean {
    return this.#model.firstSeq > 1;
  }

  /** Whether an event is in the page. */
  has(seq: number): boolean {
    return seq >= this.#model.firstSeq && seq <= this.#model.lastSeq && this.#model.rows.length > 0;
  }

  /** The row that an event is in, if it has one: the last that begins with it or before it. */
  indexOf(seq: number): number {
    return this.rows.findLastIndex((row) => row.seq <= seq);
  }

  /** Says to the host that the page is there, and what it has. */
  greet(): void {
    if (!this.#hasTask) return this.#post(this.#first);
    this.#post(this.#isLive ? { type: "ready", lastSeq: this.#model.lastSeq } : { type: "reading" });
  }

  /** Wants the page around an event. */
  show(seq: number): void {
    this.#first = { type: "show", seq };
    this.#post(this.#first);
  }

  /** Wants the newest page. */
  toEnd(): void {
    if (!this.#isLive) this.#post({ type: "ready" });
  }

  reset({ events, firstSeq, lastSeq, endSeq }: Of<"reset">): void {
    this.#hasTask = true;
    this.#isLoadingOlder = false;
    this.#isLoadingNewer = false;
    this.#isLive = lastSeq >= endSeq;
    this.#model.reset(events, firstSeq, lastSeq);
  }

  append({ events, afterSeq, lastSeq }: Of<"append">): void {
    if (!this.#isLive) return;
    // Something between is missing: begin anew.
    if (this.#model.append(events, afterSeq, lastSeq) === undefined) this.#post({ type: "ready" });
  }

  /** Whether the page fitted. */
  prepend({ events, firstSeq, beforeSeq }: Of<"older">): boolean {
    this.#isLoadingOlder = false;
    if (beforeSeq !== this.#model.firstSeq) return false;
    this.#model.prepend(events, firstSeq);
    if (this.#model.trimEnd(readLimit).length > 0) this.#letGo();
    return true;
  }

  newer({ events, afterSeq, lastSeq, endSeq }: Of<"newer">): void {
    this.#isLoadingNewer = false;
    if (afterSeq !== this.#model.lastSeq) {
      // The host takes the view for a live one now, but the page is another.
      if (lastSeq >= endSeq && !this.#isLive) this.#post({ type: "reading" });
      return;
    }
    this.#model.append(events, afterSeq, lastSeq);
    this.#isLive = lastSeq >= endSeq;
    this.#model.trimStart(readLimit);
  }

  /** Keeps the page bounded while it is live; drops where the user is not looking. */
  trim(isFollowing: boolean): void {
    if (isFollowing) this.#model.trimStart(followLimit);
    else if (this.#model.trimEnd(readLimit).length > 0) this.#letGo();
  }

  loadOlder(): void {
    if (this.#isLoadingOlder || !this.hasOlder || !this.#hasTask) return;
    this.#isLoadingOlder = true;
    this.#post({ type: "loadOlder", beforeSeq: this.#model.firstSeq });
  }

  loadNewer(): void {
    if (this.#isLoadingNewer || this.#isLive) return;
    this.#isLoadingNewer = true;
    this.#post({ type: "loadNewer", afterSeq: this.#model.lastSeq });
  }

  #letGo(): void {
    if (this.#isLive) this.#post({ type: "reading" });
    this.#isLive = false;
  }
}
