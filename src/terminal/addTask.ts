import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import type { AddCommand } from "./parseArguments.ts";
import { readInput } from "./readInput.ts";
import { taskJson } from "./taskJson.ts";
import { localTime, paintStatus, taskName } from "./taskText.ts";

/** add: puts a task into the queue. */
export async function addTask({ engine, output, stdin }: VerbContext, command: AddCommand): Promise<number> {
  const dependsOn = [];
  for (const id of command.depends) dependsOn.push((await engine.find(id)).id);
  const prompt = command.prompt === "-" ? await readInput(stdin) : command.prompt;
  const task = await engine.enqueue({
    title: command.title,
    ...(prompt === undefined ? {} : { prompt }),
    ...(command.priority === undefined ? {} : { priority: command.priority }),
    ...(command.deadline === undefined ? {} : { deadline: command.deadline }),
    ...(command.tags.length === 0 ? {} : { tags: command.tags }),
    ...(dependsOn.length === 0 ? {} : { dependsOn: [...new Set(dependsOn)] }),
    ...(command.attempts === undefined ? {} : { maxAttempts: command.attempts }),
    ...(command.budget === undefined ? {} : { budget: command.budget }),
    ...(command.accept.length === 0 ? {} : { acceptance: { commands: command.accept } }),
  });
  const due = task.deadline === undefined ? "" : `, due ${localTime(task.deadline)}`;
  output.record("task", taskJson(task));
  output.line(`Added ${taskName(task)} (${paintStatus(task.status, output.paint)}, ${task.priority}${due})`);
  return exitCodes.ok;
}
