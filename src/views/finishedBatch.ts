import type { Disposable } from "../base/event.ts";
import type { Notice } from "./notices.ts";

/** So long nothing may have started again behind the last end: then the batch is over. */
const settleMs = 1_000;

/** Gathers what was finished here and tells it once, when nothing runs any more: one message for a batch, however many tasks it had. */
export class FinishedBatch implements Disposable {
  readonly #isWorking: () => boolean;
  readonly #tell: (notices: readonly Notice[]) => void;
  #finished: Notice[] = [];
  #mutes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `isWorking` tells whether a task runs here. */
  constructor(isWorking: () => boolean, tell: (notices: readonly Notice[]) => void) {
    this.#isWorking = isWorking;
    this.#tell = tell;
  }

  /** A task is done and nobody watched. */
  add(notice: Notice): void {
    if (this.#mutes === 0) this.#finished.push(notice);
  }

  /** A run has ended, well or not. */
  runEnded(): void {
    clearTimeout(this.#timer);
    if (this.#finished.length > 0) this.#timer = setTimeout(() => this.#settle(), settleMs);
  }

  /** Somebody else will tell how it went, until disposed. */
  mute(): Disposable {
    this.#mutes += 1;
    let isMuted = true;
    return {
      dispose: () => {
        if (isMuted) this.#mutes -= 1;
        isMuted = false;
      },
    };
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#finished = [];
  }

  #settle(): void {
    if (this.#isWorking()) return; // its end comes here again
    const notices = this.#finished;
    this.#finished = [];
    this.#tell(notices);
  }
}
