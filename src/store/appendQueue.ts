import type { EventBatch } from "../engine/ports.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import type { Durability } from "./transactions.ts";
import { sqliteCode } from "./sqliteErrors.ts";

/** So many events make a transaction of about a millisecond (measured); then whoever else waits for the thread has its turn. */
const maxEvents = 64;

/** How the queue of appends writes. */
export interface AppendPorts {
  /** Runs work in one transaction; throws what it throws, after a rollback. */
  readonly transaction: <T>(durability: Durability, work: () => T) => T;
  /** Writes one batch, inside a transaction; undefined when its lease is lost. Called again after a rollback. */
  readonly write: (batch: EventBatch) => readonly TaskEvent[] | undefined;
  /** What the caller is told of an error. */
  readonly toError: (error: unknown) => unknown;
}

interface WaitingBatch {
  readonly batch: EventBatch;
  readonly settled: PromiseWithResolvers<readonly TaskEvent[] | undefined>;
}

const busy = 5;

/**
 * Brings the batches of all streams that came in one turn of the event loop together in one transaction: beginning and committing cost
 * more than a batch itself. In order; a batch that fails does not hit the others. One with a checkpoint is durable at once.
 */
export class AppendQueue {
  readonly #ports: AppendPorts;
  #waiting: WaitingBatch[] = [];
  #isScheduled = false;

  constructor(ports: AppendPorts) {
    this.#ports = ports;
  }

  append(batch: EventBatch): Promise<readonly TaskEvent[] | undefined> {
    const settled = Promise.withResolvers<readonly TaskEvent[] | undefined>();
    if (batch.events.some((event) => event.type === "checkpoint")) {
      this.flush();
      this.#write("full", [{ batch, settled }]);
    } else {
      this.#waiting.push({ batch, settled });
      this.#schedule();
    }
    return settled.promise;
  }

  /** Writes all that waits: what is written next comes behind it. */
  flush(): void {
    while (this.#waiting.length > 0) this.#write("normal", this.#take());
  }

  /** A transaction in each turn of the event loop. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0) this.#write("normal", this.#take());
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  /** The first ones, as many as fit into a transaction, at least one. */
  #take(): readonly WaitingBatch[] {
    let events = 0;
    const rest = this.#waiting.findIndex(({ batch }, index) => {
      events += batch.events.length;
      return index > 0 && events > maxEvents;
    });
    return this.#waiting.splice(0, rest < 0 ? this.#waiting.length : rest);
  }

  #write(durability: Durability, batches: readonly WaitingBatch[]): void {
    const { transaction, write, toError } = this.#ports;
    try {
      const written = transaction(durability, () => batches.map(({ batch }) => write(batch)));
      for (const [index, { settled }] of batches.entries()) settled.resolve(written[index]);
    } catch (error) {
      // Whoever holds the lock would let each of them wait as long again.
      if (batches.length === 1 || sqliteCode(error) === busy) for (const { settled } of batches) settled.reject(toError(error));
      else for (const batch of batches) this.#write(durability, [batch]);
    }
  }
}
