/** Something that holds a resource until it is disposed. */
export interface Disposable {
  dispose(): void;
}

/** Subscribes a listener; the returned handle ends the subscription. Same shape as VS Code's Event. */
export type Event<T> = (listener: (value: T) => unknown) => Disposable;

/** One event source. A listener that throws never stops the others: the error goes to `onListenerError`. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => unknown>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void = () => undefined) {
    this.#onListenerError = onListenerError;
  }

  readonly event: Event<T> = (listener) => {
    const own = (value: T): unknown => listener(value);
    this.#listeners.add(own);
    return { dispose: () => this.#listeners.delete(own) };
  };

  fire(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}

/** Only what passes the test. */
export function filterEvent<T>(event: Event<T>, passes: (value: T) => boolean): Event<T> {
  return (listener) =>
    event((value) => {
      if (passes(value)) listener(value);
    });
}
