import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { RunCriteria, RunningTask } from "./facade.ts";
import type { Clock, TaskStore } from "./ports.ts";
import type { QueueGuard } from "./queueGuard.ts";
import { candidatesPerPriority, checkCriteria, prioritiesOf, selectTask } from "./selectTask.ts";

/** What starting the next task needs of the engine. */
export interface NextTaskDeps {
  readonly store: Pick<TaskStore, "candidates">;
  readonly clock: Clock;
  readonly guard: QueueGuard;
  /** Claims and starts a task (ILLEGAL_TRANSITION when somebody was quicker). */
  readonly launch: (id: TaskId) => Promise<RunningTask>;
}

/** What came of it: a run; nothing that is ready; a queue that has stopped; or tasks that only wait for their agent. */
export type Start =
  | { readonly kind: "started"; readonly run: RunningTask }
  | { readonly kind: "nothing" | "stopped" }
  | { readonly kind: "waiting"; readonly until: number };

/** Starts the most urgent task that may start. A person's wish (`isWish`) goes over a stop of the queue, but not over the wait for a limit. */
export async function startNext(deps: NextTaskDeps, criteria: RunCriteria, isWish: boolean): Promise<Start> {
  checkCriteria(criteria);
  const { store, clock, guard } = deps;
  const perPriority = candidatesPerPriority(criteria);
  const wanted = { priorities: prioritiesOf(criteria), requireTags: criteria.requireTags ?? [] };
  for (;;) {
    const gate = await guard.gate();
    if (gate.stop !== undefined && !isWish) return { kind: "stopped" };
    const now = clock.now();
    const filter = { ...wanted, exceptAgents: [...gate.held.keys()] };
    const task = selectTask(await store.candidates(now, perPriority, filter), now, { ...criteria, exceptAgents: filter.exceptAgents });
    if (task === undefined) {
      if (gate.held.size === 0 || (await store.candidates(now, 1, wanted)).length === 0) return { kind: "nothing" };
      return { kind: "waiting", until: Math.min(...gate.held.values()) };
    }
    if (!(await guard.reserve(task, gate))) continue; // another process tries that agent: choose again
    try {
      return { kind: "started", run: await deps.launch(task.id) };
    } catch (thrown) {
      if (toTaskMasterError(thrown).code !== "ILLEGAL_TRANSITION") throw thrown; // another process was quicker: choose again
    }
  }
}
