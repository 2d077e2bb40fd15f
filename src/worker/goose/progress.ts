import type { Progress } from "../../model/task.ts";

const first = 5;
const last = 90;
/** Each tool call that ended takes this share of the way that is left. */
const step = 0.05;

/**
 * An honest guess of how far the agent is. Nobody knows how many steps a task takes, so the percentage only says that
 * work goes on: 5 at the start of the session, then ever smaller steps with each tool call that ended, never above 90.
 */
export class ProgressEstimate {
  readonly #report: (progress: Progress) => void;
  #last = "";

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  /** Reports what goes on now, unless that was said before. */
  tell(message: string, completedToolCalls: number): void {
    const percent = Math.round(last - (last - first) * (1 - step) ** completedToolCalls);
    const key = `${percent} ${message}`;
    if (key === this.#last) return;
    this.#last = key;
    this.#report({ percent, message });
  }
}
