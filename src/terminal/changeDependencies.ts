import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { reportTask } from "./changeTask.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import type { DependsCommand } from "./parseArguments.ts";

/** depends: changes what a task waits for and tells how it stands then. */
export async function changeDependencies({ engine, output }: VerbContext, command: DependsCommand): Promise<number> {
  const task = await engine.find(command.id);
  const add: TaskId[] = [];
  for (const id of command.on) add.push((await engine.find(id)).id);
  const drop: TaskId[] = [];
  for (const id of command.drop) drop.push(dependencyOf(task, id) ?? (await engine.find(id)).id);
  reportTask({ output }, await engine.changeDependencies(task.id, { add, drop }));
  return exitCodes.ok;
}

/** What is to be dropped need not exist any more: that may be the reason. */
function dependencyOf({ dependsOn }: Task, prefix: string): TaskId | undefined {
  const fitting = dependsOn.filter((id) => id.startsWith(prefix.toLowerCase()));
  return fitting.length === 1 ? fitting[0] : undefined;
}
