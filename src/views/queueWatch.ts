import type { Disposable, Event } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskMasterError } from "../model/errors.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import { setContextKey } from "../platform/contextKeys.ts";
import { queueMessage } from "./queueMessage.ts";

/** What the watch needs of the engine. */
type QueueSource = Pick<TaskEngineFacade, "queueStatus" | "onDidChangeQueue">;

/** Who is told what keeps the queue. */
export interface QueueListeners {
  readonly say: (message: string) => void;
  readonly hear: (status: QueueStatus, isFirst: boolean) => void;
}

/** Tells tree, menus and notifications what keeps the queue from starting tasks by itself. */
export class QueueWatch implements Disposable {
  readonly #listeners: QueueListeners;
  #subscription: Disposable | undefined;
  #troubleSubscription: Disposable | undefined;
  #source: QueueSource | undefined;
  /** Why nothing is read or written any more; more urgent than what the queue said last. */
  #trouble: string | undefined;

  constructor(listeners: QueueListeners) {
    this.#listeners = listeners;
  }

  /** Follows an engine and the troubles of its queue; resolves when its status is known. Undefined forgets what was said. */
  async follow(source: QueueSource | undefined, onTrouble?: Event<TaskMasterError>): Promise<void> {
    this.dispose();
    this.#source = source;
    this.#trouble = undefined;
    this.#tell({ limits: [] }, true);
    if (source === undefined) return;
    this.#troubleSubscription = onTrouble?.((error) => {
      this.#trouble = error.message;
      this.#listeners.say(error.message);
    });
    this.#subscription = source.onDidChangeQueue((status) => this.#tell(status, false));
    const status = await source.queueStatus();
    if (this.#source === source) this.#tell(status, true);
  }

  dispose(): void {
    this.#subscription?.dispose();
    this.#troubleSubscription?.dispose();
  }

  #tell(status: QueueStatus, isFirst: boolean): void {
    const message = queueMessage(status, Date.now());
    setContextKey("isQueueHeld", message !== undefined);
    this.#listeners.say(this.#trouble ?? message ?? "");
    this.#listeners.hear(status, isFirst);
  }
}
