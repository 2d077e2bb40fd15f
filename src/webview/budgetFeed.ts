import type { Disposable } from "../base/event.ts";
import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import type { BudgetUse } from "../model/budget.ts";
import type { TaskId } from "../model/ids.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";

const intervalMs = 500;

/** What a feed works with. */
export interface BudgetFeedPorts {
  readonly taskId: TaskId;
  readonly source: () => Promise<Pick<TaskEngineFacade, "budget">>;
  readonly post: (uses: readonly BudgetUse[]) => void;
  readonly onError: (thrown: unknown) => void;
}

/** Tells one run view how much of the task's budgets is used, whenever something was used. */
export class BudgetFeed implements Disposable {
  readonly #ports: BudgetFeedPorts;
  readonly #send: Throttled;

  constructor(ports: BudgetFeedPorts) {
    this.#ports = ports;
    this.#send = throttle(intervalMs, () => void this.#tell());
  }

  take(changes: readonly TaskChange[]): void {
    if (changes.some(({ event, task }) => task.id === this.#ports.taskId && changesBudget(event.type))) this.#send();
  }

  /** The view is there and knows nothing. */
  ready(): void {
    this.#send();
  }

  dispose(): void {
    this.#send.dispose();
  }

  async #tell(): Promise<void> {
    const { source, taskId, post, onError } = this.#ports;
    try {
      post(await (await source()).budget(taskId));
    } catch (thrown) {
      onError(thrown);
    }
  }
}

function changesBudget(type: TaskChange["event"]["type"]): boolean {
  return type === "usage" || type === "started" || type === "resumed";
}
