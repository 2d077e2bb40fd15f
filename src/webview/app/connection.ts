/** How often the page asks whether the extension is there, and how long it waits for any message (ms). */
export const pingMs = 10_000;
export const patienceMs = 5_000;

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
  readonly #pings: ReturnType<typeof setInterval>;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #isConnected = true;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
    this.#pings = setInterval(() => {
      if (!ports.isVisible()) return;
      ports.ping();
      this.expect();
    }, pingMs);
  }

  /** Something was asked: a message has to come. */
  expect(): void {
    if (this.#isConnected) this.#waiting ??= setTimeout(() => this.#set(false), patienceMs);
  }

  /** A message came. */
  heard(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#set(true);
  }

  dispose(): void {
    clearInterval(this.#pings);
    clearTimeout(this.#waiting);
  }

  #set(isConnected: boolean): void {
    this.#waiting = undefined;
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#ports.onChange(isConnected);
  }
}
