import { Emitter, type Disposable, type Event } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { TaskAction } from "../model/taskActions.ts";

/** What the list needs of the engine. */
export type TaskSource = Pick<TaskEngineFacade, "list" | "onDidChange" | "onDidRemove">;

/** The tasks of the queue in memory, kept current by the engine's changes: what tree, status bar and pickers show. */
export class TaskList implements Disposable {
  readonly #tasks = new Map<TaskId, Task>();
  readonly #pending = new Map<TaskId, TaskAction>();
  readonly #changes = new Emitter<ReadonlySet<TaskId>>();
  readonly #onPending: (id: TaskId) => void;
  /** So that an older list does not bring them back. */
  readonly #removed = new Set<TaskId>();
  #subscriptions: readonly Disposable[] = [];
  #source: TaskSource | undefined;

  /** Ids of what changed. */
  readonly onDidChange: Event<ReadonlySet<TaskId>> = this.#changes.event;

  /** `onPending` hears when an action begins or ends. */
  constructor(onPending: (id: TaskId) => void = () => undefined) {
    this.#onPending = onPending;
  }

  /** Follows an engine; resolves when its tasks are here. Undefined empties the list. */
  async follow(source: TaskSource | undefined): Promise<void> {
    this.#unfollow();
    this.#source = source;
    const gone = new Set(this.#tasks.keys());
    this.#tasks.clear();
    this.#pending.clear();
    this.#removed.clear();
    if (gone.size > 0) this.#changes.fire(gone);
    if (source === undefined) return;
    this.#subscriptions = [source.onDidChange((changes) => this.#take(changes.map((change) => change.task))), source.onDidRemove((ids) => this.#drop(ids))];
    const tasks = await source.list();
    if (this.#source === source) this.#take(tasks);
  }

  get size(): number {
    return this.#tasks.size;
  }

  all(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  get(id: TaskId): Task | undefined {
    return this.#tasks.get(id);
  }

  /** What the user has asked of the task and the engine has not answered yet. */
  pendingAction(id: TaskId): TaskAction | undefined {
    return this.#pending.get(id);
  }

  /** Shows at once that an action is under way; disposing ends that. */
  begin(id: TaskId, action: TaskAction): Disposable {
    this.#setPending(id, action);
    return {
      dispose: () => {
        if (this.#pending.get(id) === action) this.#setPending(id, undefined);
      },
    };
  }

  dispose(): void {
    this.#unfollow();
    this.#changes.dispose();
  }

  #unfollow(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = [];
  }

  #drop(ids: readonly TaskId[]): void {
    for (const id of ids) {
      this.#removed.add(id);
      this.#tasks.delete(id);
      this.#pending.delete(id);
    }
    this.#changes.fire(new Set(ids));
  }

  #setPending(id: TaskId, action: TaskAction | undefined): void {
    if (action === undefined) this.#pending.delete(id);
    else this.#pending.set(id, action);
    this.#changes.fire(new Set([id]));
    this.#onPending(id);
  }

  /** A change may arrive before the older row of the first list; the higher version wins. */
  #take(tasks: readonly Task[]): void {
    const changed = new Set<TaskId>();
    for (const task of tasks) {
      if (this.#removed.has(task.id)) continue;
      const known = this.#tasks.get(task.id);
      if (known !== undefined && known.version > task.version) continue;
      this.#tasks.set(task.id, task);
      if (known?.status !== task.status) this.#pending.delete(task.id);
      changed.add(task.id);
    }
    if (changed.size > 0) this.#changes.fire(changed);
  }
}
