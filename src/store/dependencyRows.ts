import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { NewTaskEvent } from "../model/taskEvent.ts";
import type { Row } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** The dependencies table. All methods belong inside a write transaction and throw SQLite's errors. */
export class DependencyRows {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Makes the rows equal to `dependsOn` of a stored task; TASK_NOT_FOUND for an unknown id. */
  write({ id, dependsOn }: Task): void {
    const stored = new Set(this.#statements.dependenciesOf.all(id).map((row) => String(row["depends_on"])));
    const wanted = new Set<string>(dependsOn);
    if (stored.size === wanted.size && [...wanted].every((dependency) => stored.has(dependency))) return;
    this.assertKnown(dependsOn);
    this.#statements.dropDependencies.run(id);
    for (const dependency of wanted) this.#statements.addDependency.run(id, dependency);
  }

  /** TASK_NOT_FOUND naming the first id that no task has. */
  assertKnown(ids: readonly TaskId[]): void {
    const missing = ids.find((id) => this.#statements.taskExists.get(id) === undefined);
    if (missing !== undefined) throw new TaskMasterError("TASK_NOT_FOUND", `There is no task ${missing} to depend on.`);
  }

  /**
   * Corrects todo and blocked by the dependencies as they are in this transaction (a dependency may have become done
   * since the engine looked), with the event that tells it. The rows of `write` must be there.
   */
  settle(task: Task, at: number): { readonly task: Task; readonly event?: NewTaskEvent } {
    const last = task.dependsOn.at(-1);
    if (last === undefined || (task.status !== "todo" && task.status !== "blocked")) return { task };
    const waitingFor = this.#statements.waitingFor.all(task.id).map((row) => String(row["depends_on"]) as TaskId);
    if (task.status === "blocked" && waitingFor.length === 0) {
      return { task: { ...task, status: "todo" }, event: { type: "unblocked", by: last, attempt: 0, at } };
    }
    if (task.status === "todo" && waitingFor.length > 0) {
      return { task: { ...task, status: "blocked" }, event: { type: "blocked", by: waitingFor, attempt: 0, at } };
    }
    return { task };
  }

  /** The rows of blocked tasks that waited only for this one. */
  releasable(id: TaskId): Row[] {
    return this.#statements.releasable.all(id);
  }
}
