import { endedStatuses } from "../model/taskActions.ts";
import { reportTask } from "./changeTask.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import type { SayCommand } from "./parseArguments.ts";
import { readInput } from "./readInput.ts";
import { taskName } from "./taskText.ts";

/** say: words for the agent of a task; one that has ended goes back into the queue with them. */
export async function sayToTask({ engine, output, stdin }: VerbContext, command: SayCommand): Promise<number> {
  const { id, status } = await engine.find(command.id);
  await engine.say(id, command.text === "-" ? await readInput(stdin) : command.text);
  const task = await engine.get(id);
  reportTask({ output }, task);
  if (endedStatuses.has(status)) output.note(`${taskName(task)} goes on in its session with your message when it is run: run ${id}`);
  return exitCodes.ok;
}
