import { TaskMasterError } from "../../model/errors.ts";

export interface ActiveTimeOptions {
  /** Zero: no limit. */
  readonly wallClockMs: number;
  readonly idleMs: number;
  isPaused(): boolean;
  /** While this is true (a tool runs), silence is no idleness. */
  isBusy(): boolean;
  onTimeout(error: TaskMasterError): void;
}

/** Counts the time that a run was active: time in pause and time that the computer slept do not count. */
export class ActiveTime {
  readonly #options: ActiveTimeOptions;
  readonly #tickMs: number;
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();
  #activeMs = 0;
  #idleMs = 0;

  constructor(options: ActiveTimeOptions) {
    this.#options = options;
    const limits = [options.wallClockMs, options.idleMs].filter((limit) => limit > 0);
    this.#tickMs = Math.max(10, Math.min(1_000, ...limits.map((limit) => limit / 10)));
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  /** So long the run was active (ms). */
  get activeMs(): number {
    return this.#activeMs;
  }

  /** Goose gave a sign of life. */
  touch(): void {
    this.#idleMs = 0;
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    // A gap much longer than a tick means that the computer slept, not that Goose was slow.
    const elapsed = Math.min(now - this.#last, 5 * this.#tickMs);
    this.#last = now;
    const { wallClockMs, idleMs } = this.#options;
    if (this.#options.isPaused()) return;
    this.#activeMs += elapsed;
    this.#idleMs = this.#options.isBusy() ? 0 : this.#idleMs + elapsed;
    if (wallClockMs > 0 && this.#activeMs >= wallClockMs) {
      this.#end(`The task ran longer than its limit of ${spell(wallClockMs)}. Split it, or give it more minutes.`, false);
    } else if (idleMs > 0 && this.#idleMs >= idleMs) {
      this.#end(`Goose gave no sign of life for ${spell(idleMs)}. The model provider may be hanging; the task can be retried.`, true);
    }
  }

  #end(message: string, retryable: boolean): void {
    this.dispose();
    this.#options.onTimeout(new TaskMasterError("TIMEOUT", message, { retryable }));
  }
}

function spell(ms: number): string {
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 100) / 10} seconds`;
}
