import type { TaskChange } from "../engine/facade.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { VerbContext } from "./context.ts";
import { EventPrinter } from "./eventPrinter.ts";

/** A start that may turn out to be ours is kept back with at most this many events behind it. */
const heldBack = 50;

/**
 * Follows the tasks that this process runs: prints what happens in them and remembers how they are. The queue also
 * tells what other processes do; those tasks are none of our business.
 */
export class RunWatch {
  readonly #engine: VerbContext["engine"];
  readonly #printer: EventPrinter;
  readonly #tasks = new Map<TaskId, Task>();
  readonly #errors = new Map<TaskId, ErrorCode>();
  readonly #pending = new Map<TaskId, TaskChange[]>();
  readonly #subscription;
  readonly #waiting = new Map<TaskId, () => void>();
  /** The name under which this process holds leases, once it is known. */
  #owner: string | undefined;

  constructor({ engine, output }: VerbContext, options: { readonly withIds: boolean }) {
    this.#engine = engine;
    this.#printer = new EventPrinter(output, options);
    this.#subscription = engine.onDidChange((changes) => {
      for (const change of changes) this.#hear(change);
    });
  }

  /** The tasks that were run here, in order of their start, as they were last seen. */
  get tasks(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  /** Why a task's last attempt ended badly. */
  errorOf(task: Task): ErrorCode | undefined {
    return this.#errors.get(task.id) ?? task.result?.error?.code;
  }

  /** This task runs here; shows what was kept back of it. */
  adopt(task: Task): void {
    if (!this.#tasks.has(task.id)) this.#tasks.set(task.id, task);
    this.#owner ??= task.lease?.owner;
    this.#release(task.id);
  }

  /** The task as it is now, from who knows better than the events. */
  update(task: Task): void {
    this.adopt(task);
    this.#tasks.set(task.id, task);
  }

  /** Resolves when nothing of the task runs here any more. */
  async ended(id: TaskId): Promise<void> {
    if (this.#isOver(id)) return;
    await new Promise<void>((resolve) => this.#waiting.set(id, resolve));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#printer.flush();
  }

  #hear(change: TaskChange): void {
    const { event, task } = change;
    if (this.#isOurs(change)) {
      this.adopt(task);
      this.#show(change);
      this.#waking(task.id);
    } else this.#holdBack(event.taskId, change);
  }

  #isOurs({ event, task }: TaskChange): boolean {
    if (this.#tasks.has(task.id) || this.#engine.running.includes(task.id)) return true;
    return (event.type === "started" || event.type === "resumed") && event.owner === this.#owner;
  }

  /** A claim is published before the engine can say that the task runs here. */
  #holdBack(id: TaskId, change: TaskChange): void {
    const { type } = change.event;
    if (type === "started" || type === "resumed") this.#pending.set(id, [change]);
    else {
      const pending = this.#pending.get(id);
      pending?.push(change);
      if (pending !== undefined && pending.length > heldBack) this.#pending.delete(id);
    }
  }

  #release(id: TaskId): void {
    const pending = this.#pending.get(id) ?? [];
    this.#pending.delete(id);
    for (const change of pending) this.#show(change);
  }

  #show({ event, task }: TaskChange): void {
    this.#tasks.set(task.id, task);
    if (event.type === "error") this.#errors.set(task.id, event.code);
    if (event.type === "started" || event.type === "resumed") {
      this.#errors.delete(task.id);
      this.#owner ??= event.owner;
    }
    this.#printer.print(event, task.title);
  }

  #waking(id: TaskId): void {
    if (!this.#isOver(id)) return;
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }

  #isOver(id: TaskId): boolean {
    const status = this.#tasks.get(id)?.status;
    return !this.#engine.running.includes(id) || (status !== undefined && status !== "in_progress" && status !== "paused");
  }
}
