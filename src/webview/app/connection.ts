/** After how long a silence the page asks whether the extension is there, and how long it then waits for any message (ms). */
export const pingMs = 2_000;
export const patienceMs = 3_000;

/** What a connection works with; the timers are the page's. */
export interface ConnectionPorts {
  /** Asks the extension for a sign of life. */
  readonly ping: () => void;
  readonly isVisible: () => boolean;
  readonly onChange: (isConnected: boolean) => void;
}

/**
 * Whether anybody is behind the page: an extension host that died leaves it where it was.
 *
 *   connected --no message within the patience after a question--> lost --any message--> connected
 */
export class Connection {
  readonly #ports: ConnectionPorts;
  #nextPing: ReturnType<typeof setTimeout>;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #heardAt = Date.now();
  #isConnected = true;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
    this.#nextPing = setTimeout(() => this.#onSilence(), pingMs);
  }

  /** Asks for a sign of life now, unless nobody looks. */
  ask(): void {
    if (!this.#ports.isVisible()) return;
    this.#ports.ping();
    this.expect();
  }

  /** Something was asked: a message has to come. */
  expect(): void {
    if (this.#isConnected) this.#waiting ??= setTimeout(() => this.#set(false), patienceMs);
  }

  /** A message came. */
  heard(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#heardAt = Date.now();
    this.#set(true);
  }

  dispose(): void {
    clearTimeout(this.#nextPing);
    clearTimeout(this.#waiting);
  }

  /** Whatever came meanwhile was a sign of life too: the timer is not set anew with each of many messages. */
  #onSilence(): void {
    const rest = pingMs - Math.max(0, Date.now() - this.#heardAt);
    if (rest <= 0) this.ask();
    this.#nextPing = setTimeout(() => this.#onSilence(), rest > 0 ? rest : pingMs);
  }

  #set(isConnected: boolean): void {
    this.#waiting = undefined;
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#ports.onChange(isConnected);
  }
}
