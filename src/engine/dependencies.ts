/** Who waits for whom: changes of dependencies, the removal of tasks, and what there is to say about both. */
import { blockersOf, blockerText, unblockedBy, type Blocker, type FindTask } from "../model/dependencies.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { EngineDeps } from "./engineDeps.ts";
import type { DependencyChange } from "./facade.ts";
import type { Ledger } from "./ledger.ts";
import { checkDependencies } from "./newTask.ts";
import type { TaskStore } from "./ports.ts";
import * as machine from "./taskMachine.ts";

/** Dependencies of one engine's queue. */
export class DependencyDesk {
  readonly #deps: EngineDeps;
  readonly #ledger: Ledger;

  constructor(deps: EngineDeps, ledger: Ledger) {
    this.#deps = deps;
    this.#ledger = ledger;
  }

  /** Why a task is blocked (TASK_NOT_FOUND). */
  async blockers(id: TaskId): Promise<readonly Blocker[]> {
    return readBlockers(this.#deps.store, await this.#ledger.read(id));
  }

  /** What finishing a task would make ready (TASK_NOT_FOUND). */
  async whatWouldUnblock(id: TaskId): Promise<readonly Task[]> {
    await this.#ledger.read(id);
    const dependants = await this.#deps.store.dependants(id);
    return unblockedBy(
      id,
      dependants,
      await finderOf(
        this.#deps.store,
        dependants.flatMap(({ dependsOn }) => dependsOn),
      ),
    );
  }

  /** Adds and drops dependencies; the store settles what becomes of the status, and refuses a cycle. */
  change(id: TaskId, { add = [], drop = [] }: DependencyChange): Promise<Task> {
    return this.#ledger.change(id, (task) => {
      machine.assertDependenciesMayChange(task);
      const dependsOn = [...new Set([...task.dependsOn.filter((dependency) => !drop.includes(dependency)), ...add])];
      checkDependencies(dependsOn);
      const isSame = dependsOn.length === task.dependsOn.length && dependsOn.every((dependency, index) => dependency === task.dependsOn[index]);
      return isSame ? undefined : { task: { ...task, dependsOn, updatedAt: this.#deps.clock.now() }, events: [{ type: "dependencies", dependsOn }] };
    });
  }

  /** Removes a task that nobody works on. */
  remove(id: TaskId): Promise<void> {
    return this.#ledger.remove(id, machine.assertRemovable);
  }
}

/** Why a task cannot be taken: what it waits for and the way out, or its status (ILLEGAL_TRANSITION). */
export async function notEligible(store: TaskStore, task: Task): Promise<TaskMasterError> {
  const blockers = task.status === "todo" || task.status === "blocked" ? await readBlockers(store, task) : [];
  if (blockers.length > 0) {
    const reasons = blockers.map((blocker) => blockerText(blocker, `${blocker.id} "${blocker.title ?? ""}"`));
    return new TaskMasterError("ILLEGAL_TRANSITION", `Task ${task.id} cannot be run yet: it depends on ${reasons.join(", ")}.`);
  }
  try {
    machine.assertLegal(task, "claim");
  } catch (thrown) {
    return toTaskMasterError(thrown);
  }
  return new TaskMasterError("ILLEGAL_TRANSITION", `Task ${task.id} does not fit what may be run now.`);
}

async function readBlockers(store: TaskStore, task: Task): Promise<readonly Blocker[]> {
  return blockersOf(task, await finderOf(store, task.dependsOn));
}

/** A row that cannot be read is as good as none. */
async function readTask(store: TaskStore, id: TaskId): Promise<Task | undefined> {
  try {
    return await store.get(id);
  } catch (thrown) {
    if (toTaskMasterError(thrown).code === "STORE_CORRUPT") return undefined;
    throw thrown;
  }
}

async function finderOf(store: TaskStore, ids: readonly TaskId[]): Promise<FindTask> {
  const tasks = await Promise.all([...new Set(ids)].map((id) => readTask(store, id)));
  const byId = new Map(tasks.filter((task) => task !== undefined).map((task) => [task.id, task]));
  return (id) => byId.get(id);
}
