import type { Disposable } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import type { KnownProvider, ProviderChoice, ProviderSecrets } from "../model/provider.ts";
import type { TaskAction } from "../model/taskActions.ts";
import type { Log } from "../platform/logger.ts";

/** One thing that a run needs, whether it is there, and if not what to do. */
export interface SetupFinding {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What Goose and git are set up with; refused in a workspace that is not trusted, as it starts both (UNTRUSTED). */
export interface SetupDesk {
  check(): Promise<readonly SetupFinding[]>;
  /** The providers that Goose can be set up with. */
  providers(): Promise<readonly KnownProvider[]>;
  /** The provider that is chosen in Task Master; undefined while Goose is used as the user configured it. */
  current(): ProviderChoice | undefined;
  /** Names of the secrets that are stored for a provider. */
  storedSecrets(providerId: string): Promise<readonly string[]>;
  /** Chooses a provider; secrets are added to those that are stored. Without a choice Goose is used as the user configured it. */
  choose(choice: ProviderChoice | undefined, secrets: ProviderSecrets): Promise<void>;
}

/** What the palette's verbs work with. */
export interface CommandDeps {
  /** The engine, opened when it is not yet; rejects with the reason for which there is none. */
  readonly engine: () => Promise<TaskEngineFacade>;
  /** Shows that an action is under way until the handle is disposed. */
  readonly begin: (id: TaskId, action: TaskAction) => Disposable;
  readonly openRun: (id: TaskId, options?: { readonly beside?: boolean }) => void;
  readonly showLog: () => void;
  /** No message about finished tasks until the handle is disposed: the caller tells how they went. */
  readonly muteFinished: () => Disposable;
  readonly setup: SetupDesk;
  /** The extension's own version. */
  readonly version: string;
  readonly log: Log;
}

/** A verb: gets what it was called with (a tree node, a task id, or nothing from the palette). */
export type Command = (deps: CommandDeps, target?: unknown) => Promise<unknown>;
