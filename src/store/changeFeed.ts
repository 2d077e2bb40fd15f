/**
 * Hears what other connections write to the same file.
 *
 *   silent --first listener--> listening (timer) --last listener gone / dispose--> silent
 *
 * While listening, `PRAGMA data_version` is read every `pollMs`: it changes only when another connection has committed.
 * Then the events behind the last seen one are read in pages and those of other writers are emitted. Ids grow in commit
 * order (one writer at a time; the newest entry is never deleted), so nothing can appear later below an id that was seen.
 */
import { Emitter, type Event } from "../base/event.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import { decodeEvent, type Row } from "./rowCodec.ts";
import { toStoreError } from "./sqliteErrors.ts";
import type { Statements } from "./statements.ts";

/** What the feed needs to know. */
export interface ChangeFeedOptions {
  /** The writer whose entries are its own and not reported. */
  readonly writer: string;
  /** The database, for messages. */
  readonly path: string;
  /** Default 250. */
  readonly pollMs?: number;
  /** Looks with every poll whether the database is still the queue's; throws when it is not. */
  readonly check?: () => void;
  /** Hears what a listener threw, what a poll met (STORE_*), and damaged rows (STORE_CORRUPT) that are passed over. */
  readonly onError?: (error: unknown) => void;
}

const defaultPollMs = 250;
const pageSize = 500;

/** See the header of this file. */
export class ChangeFeed {
  readonly #statements: Statements;
  readonly #options: ChangeFeedOptions;
  readonly #emitter: Emitter<readonly TaskEvent[]>;
  #listeners = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #stateEmitter: Emitter<void>;
  #dataVersion = 0;
  /** The queue's own state at the last look; undefined when it is not known. */
  #states: string | undefined;
  #lastId = 0;
  #isDisposed = false;

  constructor(statements: Statements, options: ChangeFeedOptions) {
    this.#statements = statements;
    this.#options = options;
    this.#emitter = new Emitter((error) => options.onError?.(error));
    this.#stateEmitter = new Emitter((error) => options.onError?.(error));
  }

  /** The queue's own state is another than at the last look; looked at while `event` has a listener. */
  get stateEvent(): Event<void> {
    return this.#stateEmitter.event;
  }

  /** Starts at the end of the journal as it is when the first listener comes. */
  readonly event: Event<readonly TaskEvent[]> = (listener) => {
    const subscription = this.#emitter.event(listener);
    this.#listeners += 1;
    if (this.#listeners === 1) this.#start();
    let isSubscribed = true;
    return {
      dispose: () => {
        if (!isSubscribed) return;
        isSubscribed = false;
        subscription.dispose();
        this.#listeners -= 1;
        if (this.#listeners === 0) this.#stop();
      },
    };
  };

  /** This store changed the queue's own state: what others do to it next counts, even if it then is as it was before. */
  forgetState(): void {
    this.#states = undefined;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stop();
    this.#emitter.dispose();
    this.#stateEmitter.dispose();
  }

  #start(): void {
    if (this.#isDisposed) return;
    this.#guard(() => {
      // The version first: what is committed between the two reads is then looked for once more, not missed.
      this.#dataVersion = this.#readDataVersion();
      this.#lastId = this.#readLastId();
      this.#states = this.#readStates();
    });
    this.#timer = setInterval(() => this.#guard(() => this.#poll()), this.#options.pollMs ?? defaultPollMs);
    this.#timer.unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #poll(): void {
    this.#options.check?.();
    // The end first: when the version is unchanged after it, everything up to that end is this connection's own.
    const end = this.#readLastId();
    const dataVersion = this.#readDataVersion();
    const hasChanged = dataVersion !== this.#dataVersion;
    if (hasChanged) this.#emitNew();
    this.#dataVersion = dataVersion;
    this.#lastId = Math.max(this.#lastId, end);
    if (hasChanged && this.#timer !== undefined) this.#emitState();
  }

  #emitState(): void {
    const states = this.#readStates();
    if (states === this.#states) return;
    this.#states = states;
    this.#stateEmitter.fire();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onError?.(toStoreError(error, { path: this.#options.path, action: "look for changes" }));
    }
  }

  #emitNew(): void {
    for (;;) {
      const rows = this.#statements.eventsElsewhere.all(this.#lastId, this.#options.writer, pageSize);
      const last = rows.at(-1);
      if (last === undefined) return;
      this.#lastId = Number(last["id"]);
      const events = rows.flatMap((row) => this.#decode(row));
      if (events.length > 0) this.#emitter.fire(events);
      // A listener may have ended the subscription or closed the store.
      if (rows.length < pageSize || this.#timer === undefined) return;
    }
  }

  #decode(row: Row): TaskEvent[] {
    try {
      return [decodeEvent(row)];
    } catch (error) {
      if (!(error instanceof TaskMasterError)) throw error;
      this.#options.onError?.(error);
      return [];
    }
  }

  #readDataVersion(): number {
    return Number(this.#statements.dataVersion.get()?.["data_version"] ?? 0);
  }

  #readStates(): string {
    return JSON.stringify(this.#statements.states.all());
  }

  #readLastId(): number {
    return Number(this.#statements.lastEventId.get()?.["id"] ?? 0);
  }
}
