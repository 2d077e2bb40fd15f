import { Emitter, type Disposable, type Event } from "../base/event.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";

/** What the session keeps open: an engine with its store and workers. */
export interface Closable {
  dispose(): Promise<void>;
}

/**
 * Where the activation is.
 *
 *   uninitialized --start--> noFolder | initializing
 *   initializing --> active | failed
 *   any --restart--> (closes what is open, then like start)
 *   any --stop--> uninitialized
 */
export type SessionState<T> =
  | { readonly kind: "uninitialized" | "noFolder" | "initializing" }
  | { readonly kind: "active"; readonly opened: T }
  | { readonly kind: "failed"; readonly error: TaskMasterError };

/** What the session asks of VS Code and of the composition. */
export interface SessionPorts<T> {
  /** Path of the folder to work in; undefined when no folder on this machine is open. */
  readonly folder: () => string | undefined;
  readonly open: (folder: string) => Promise<T>;
}

/** Opens the engine once, closes it once, and says at any time how far it is. */
export class ExtensionSession<T extends Closable> implements Disposable {
  readonly #ports: SessionPorts<T>;
  readonly #changes = new Emitter<SessionState<T>>();
  #state: SessionState<T> = { kind: "uninitialized" };
  /** Starts and stops run one after the other, in the order in which they were asked for. */
  #queue: Promise<unknown> = Promise.resolve();
  #starting: Promise<SessionState<T>> | undefined;

  readonly onDidChangeState: Event<SessionState<T>> = this.#changes.event;

  constructor(ports: SessionPorts<T>) {
    this.#ports = ports;
  }

  get state(): SessionState<T> {
    return this.#state;
  }

  /** Resolves when the outcome is known; a second call shares the first one's. */
  start(): Promise<SessionState<T>> {
    this.#starting ??= this.#enqueue(() => this.#open());
    return this.#starting;
  }

  /** Tries again from the beginning: a folder was opened, a repository was made. */
  restart(): Promise<SessionState<T>> {
    this.#starting = this.#enqueue(async () => {
      await this.#close();
      return this.#open();
    });
    return this.#starting;
  }

  /** Closes what is open; idempotent. */
  async stop(): Promise<void> {
    this.#starting = undefined;
    await this.#enqueue(() => this.#close());
  }

  /** What was opened; rejects with the reason for which it is not (NO_FOLDER, the failure). */
  async opened(): Promise<T> {
    const state = await this.start();
    if (state.kind === "active") return state.opened;
    if (state.kind === "failed") throw state.error;
    throw new TaskMasterError("NO_FOLDER", "No folder is open. Open the folder of a git repository to queue tasks for it.");
  }

  dispose(): void {
    this.#changes.dispose();
  }

  async #open(): Promise<SessionState<T>> {
    const folder = this.#ports.folder();
    if (folder === undefined) return this.#set({ kind: "noFolder" });
    this.#set({ kind: "initializing" });
    try {
      return this.#set({ kind: "active", opened: await this.#ports.open(folder) });
    } catch (thrown) {
      return this.#set({ kind: "failed", error: toTaskMasterError(thrown) });
    }
  }

  async #close(): Promise<void> {
    const { state } = this;
    // The listeners let go of the engine before it closes.
    if (state.kind !== "uninitialized") this.#set({ kind: "uninitialized" });
    if (state.kind === "active") await state.opened.dispose();
  }

  #set(state: SessionState<T>): SessionState<T> {
    this.#state = state;
    this.#changes.fire(state);
    return state;
  }

  #enqueue<R>(run: () => Promise<R>): Promise<R> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
