import { abortable } from "../base/abort.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task, TaskStatus } from "../model/task.ts";
import type { VerbContext } from "./context.ts";
import { EventPrinter } from "./eventPrinter.ts";
import { exitCodes } from "./exitCodes.ts";

/** Entries that are read at once. */
const pageSize = 500;

const endStatuses: ReadonlySet<TaskStatus> = new Set(["done", "failed", "cancelled", "stopped"]);

/** logs: prints a task's journal; with `follow` until the task ends or the signal aborts. */
export async function followLog(context: VerbContext, command: { readonly id: string; readonly follow: boolean }): Promise<number> {
  const task = await context.engine.find(command.id);
  const journal = new JournalReader(context, task);
  if (command.follow) await follow(context, task, journal);
  else await journal.read();
  journal.flush();
  return exitCodes.ok;
}

async function follow({ engine, signal }: VerbContext, task: Task, journal: JournalReader): Promise<void> {
  const changed = new Doorbell();
  // Before the first read, so that nothing falls between the two.
  const subscriptions = [
    engine.onDidChange((changes) => {
      if (changes.some(({ event }) => event.taskId === task.id)) changed.ring();
    }),
    engine.onDidRemove((ids) => {
      if (ids.includes(task.id)) changed.ring();
    }),
  ];
  try {
    for (;;) {
      // The status first: what ended the task is then in the journal that is read.
      const isOver = await hasEnded(engine, task.id);
      await journal.read();
      if (isOver) return;
      await abortable(changed.wait(), signal);
    }
  } finally {
    for (const subscription of subscriptions) subscription.dispose();
    journal.flush();
  }
}

/** A removed task has ended too: its last entry says so. */
async function hasEnded(engine: VerbContext["engine"], id: TaskId): Promise<boolean> {
  try {
    return endStatuses.has((await engine.get(id)).status);
  } catch (thrown) {
    if (toTaskMasterError(thrown).code === "TASK_NOT_FOUND") return true;
    throw thrown;
  }
}

class JournalReader {
  readonly #engine: VerbContext["engine"];
  readonly #printer: EventPrinter;
  readonly #task: Task;
  #seq = 0;

  constructor({ engine, output }: VerbContext, task: Task) {
    this.#engine = engine;
    this.#printer = new EventPrinter(output, { withIds: false });
    this.#task = task;
  }

  /** Prints everything behind what was printed before. */
  async read(): Promise<void> {
    for (;;) {
      const events = await this.#engine.events(this.#task.id, { afterSeq: this.#seq, limit: pageSize });
      for (const event of events) {
        this.#printer.print(event, this.#task.title);
        this.#seq = event.seq;
      }
      if (events.length < pageSize) return;
    }
  }

  flush(): void {
    this.#printer.flush();
  }
}

/** Remembers a ring until somebody waits for it. */
class Doorbell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  async wait(): Promise<void> {
    if (!this.#isRung) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#isRung = false;
  }
}
