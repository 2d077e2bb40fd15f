import { cycleError, findCycle } from "../model/dependencies.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { NewTaskEvent } from "../model/taskEvent.ts";
import { decodeTask, type Row } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** The dependencies table. All methods belong inside a write transaction (except `waitingFor`) and throw SQLite's errors. */
export class DependencyRows {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Makes the rows equal to `dependsOn` of a stored task; DEPENDENCY_CYCLE when it would wait for itself. Ids that no task has may be among them. */
  write({ id, dependsOn }: Task): void {
    const stored = new Set<TaskId>(this.#dependenciesOf(id));
    const wanted = new Set(dependsOn);
    if (stored.size === wanted.size && [...wanted].every((dependency) => stored.has(dependency))) return;
    const cycle = findCycle(id, dependsOn, (other) => this.#dependenciesOf(other));
    if (cycle !== undefined) throw cycleError(cycle, (other) => this.#titleOf(other));
    this.#statements.dropDependencies.run(id);
    for (const dependency of wanted) this.#statements.addDependency.run(id, dependency);
  }

  /**
   * Corrects todo and blocked by the dependencies as they are in this transaction (a dependency may have become done
   * since the engine looked), with the event that tells it. The rows of `write` must be there.
   */
  settle(task: Task, at: number): { readonly task: Task; readonly event?: NewTaskEvent } {
    if (task.status !== "todo" && task.status !== "blocked") return { task };
    const waitingFor = task.dependsOn.length === 0 ? [] : this.waitingFor(task.id);
    if (task.status === "blocked" && waitingFor.length === 0) {
      const by = task.dependsOn.at(-1);
      return { task: { ...task, status: "todo" }, event: { type: "unblocked", ...(by === undefined ? {} : { by }), attempt: 0, at } };
    }
    if (task.status === "todo" && waitingFor.length > 0) {
      return { task: { ...task, status: "blocked" }, event: { type: "blocked", by: waitingFor, attempt: 0, at } };
    }
    return { task };
  }

  /** The dependencies that are not done; missing ones first. */
  waitingFor(id: TaskId): readonly TaskId[] {
    return idsOf(this.#statements.waitingFor.all(id));
  }

  /** The rows of blocked tasks that waited only for this one. */
  releasable(id: TaskId): Row[] {
    return this.#statements.releasable.all(id);
  }

  #dependenciesOf(id: TaskId): readonly TaskId[] {
    return idsOf(this.#statements.dependenciesOf.all(id));
  }

  /** Only for a message: a damaged row has no title. */
  #titleOf(id: TaskId): string | undefined {
    const row = this.#statements.getTask.get(id);
    try {
      return row === undefined ? undefined : decodeTask(row).title;
    } catch {
      return undefined;
    }
  }
}

function idsOf(rows: readonly Row[]): readonly TaskId[] {
  return rows.flatMap(({ depends_on: id }) => (typeof id === "string" ? [id as TaskId] : []));
}
