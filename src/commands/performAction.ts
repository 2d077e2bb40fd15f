import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import type { TaskAction } from "../model/taskActions.ts";
import type { CommandDeps } from "./commandDeps.ts";

/** Asks the engine for an action and shows meanwhile that it is under way; the engine checks that it is legal. */
export async function performAction(deps: CommandDeps, action: TaskAction, id: TaskId): Promise<void> {
  const engine = await deps.engine();
  const underWay = deps.begin(id, action);
  try {
    await verbs[action](engine, id);
  } finally {
    underWay.dispose();
  }
}

const verbs: { readonly [A in TaskAction]: (engine: TaskEngineFacade, id: TaskId) => Promise<unknown> } = {
  run: (engine, id) => engine.run(id),
  pause: (engine, id) => engine.pause(id),
  resume: (engine, id) => engine.resume(id),
  stop: (engine, id) => engine.stop(id),
  start: (engine, id) => engine.startAgain(id),
  retry: (engine, id) => engine.retry(id),
  cancel: (engine, id) => engine.cancel(id),
  remove: (engine, id) => engine.remove(id),
};
