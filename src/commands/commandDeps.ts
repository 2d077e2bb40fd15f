import type { Disposable } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import type { TaskAction } from "../model/taskActions.ts";
import type { Log } from "../platform/logger.ts";

/** What the palette's verbs work with. */
export interface CommandDeps {
  /** The engine, opened when it is not yet; rejects with the reason for which there is none. */
  readonly engine: () => Promise<TaskEngineFacade>;
  /** Shows that an action is under way until the handle is disposed. */
  readonly begin: (id: TaskId, action: TaskAction) => Disposable;
  readonly openRun: (id: TaskId, options?: { readonly beside?: boolean }) => void;
  readonly showLog: () => void;
  readonly log: Log;
}

/** A verb: gets what it was called with (a tree node, a task id, or nothing from the palette). */
export type Command = (deps: CommandDeps, target?: unknown) => Promise<unknown>;
