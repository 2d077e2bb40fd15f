import { abortable } from "./abort.ts";

/** A door that work passes at safe points: open it lets through at once, closed it holds until it is opened. */
export class Gate {
  #closed: PromiseWithResolvers<void> | undefined;

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  close(): void {
    this.#closed ??= Promise.withResolvers<void>();
  }

  open(): void {
    const closed = this.#closed;
    this.#closed = undefined;
    closed?.resolve();
  }

  /** Resolves when the gate is open; rejects with the signal's reason when that aborts first. */
  async passed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#closed !== undefined) await abortable(this.#closed.promise, signal);
  }
}
