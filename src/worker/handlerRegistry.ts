import type { JsonObject, JsonValue } from "../base/json.ts";
import type { RunWish } from "../model/runWish.ts";
import type { WorkerEventBody } from "../model/taskEvent.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";
import { TaskMasterError } from "../model/errors.ts";

/** What a handler gets besides its input. */
export interface HandlerContext {
  readonly taskId: string;
  readonly attempt: number;
  /** Aborts when the host asks for the end; its reason is a TaskMasterError CANCELLED. */
  readonly signal: AbortSignal;
  /** Resolves at once, or, while the task is paused, when it is resumed (rejects when the signal aborts). */
  gate(): Promise<void>;
  /** Whether the task is paused now. */
  readonly isPaused: boolean;
  /** Asks the engine whether a tool call may go ahead; rejects when the signal aborts. */
  permit(request: PermissionRequest): Promise<PermissionOutcome>;
  /** Hears what is told to the run meanwhile, also what came before there was a listener; one listener at a time. */
  onWish(listener: (wish: RunWish) => void): void;
  /** Reports to the journal. Order is kept; texts longer than the protocol allows are split or cut. */
  emit(event: WorkerEventBody): void;
  /**
   * Undefined while the journal keeps up. Else settles when there is room again: a handler that reports more than pieces of texts,
   * which are joined while they wait, is to wait for it.
   */
  room(): Promise<void> | undefined;
}

/** Does one kind of work. Throws TaskMasterError; must leave no process behind when it settles. */
export type TaskHandler = (input: JsonObject, context: HandlerContext) => Promise<JsonValue>;

/** Handlers by name. Modules given in `workerPool.modules` export `register(registry)` to add theirs. */
export class TaskHandlerRegistry {
  readonly #handlers = new Map<string, TaskHandler>();

  register(name: string, handler: TaskHandler): void {
    this.#handlers.set(name, handler);
  }

  get(name: string): TaskHandler {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw new TaskMasterError("UNKNOWN_HANDLER", `No handler is registered under "${name}".`);
    return handler;
  }

  get names(): readonly string[] {
    return [...this.#handlers.keys()];
  }
}
