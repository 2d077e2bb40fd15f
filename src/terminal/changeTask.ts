import type { Task } from "../model/task.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import type { ChangeVerb } from "./parseArguments.ts";
import { taskJson } from "./taskJson.ts";
import { paintStatus, taskName } from "./taskText.ts";

/** pause, stop, cancel, start, retry: what the engine makes of it, told as the task is afterwards. */
export async function changeTask({ engine, output }: VerbContext, verb: ChangeVerb, idOrPrefix: string): Promise<number> {
  const { id } = await engine.find(idOrPrefix);
  await (verb === "start" ? engine.startAgain(id) : engine[verb](id));
  reportTask({ output }, await engine.get(id));
  return exitCodes.ok;
}

/** Tells how a task is after a verb. */
export function reportTask({ output }: Pick<VerbContext, "output">, task: Task): void {
  output.record("task", taskJson(task));
  const asked = task.request === undefined ? "" : `; the process that runs it was asked to ${task.request}`;
  output.line(`${taskName(task)}: ${paintStatus(task.status, output.paint)}${asked}`);
}
