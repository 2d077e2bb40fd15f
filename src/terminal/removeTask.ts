import { cleanLine } from "./cleanText.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import { taskName } from "./taskText.ts";

/** remove: deletes a task and tells what stays of it and who waited for it. */
export async function removeTask({ engine, output }: VerbContext, idOrPrefix: string): Promise<number> {
  const task = await engine.find(idOrPrefix);
  await engine.remove(task.id);
  const blocked = (await engine.list()).filter(({ status, dependsOn }) => status === "blocked" && dependsOn.includes(task.id));
  output.record("removed", { id: task.id, title: task.title, branch: task.branch ?? null, blocked: blocked.map(({ id }) => id) });
  output.line(`Removed ${taskName(task)}${task.branch === undefined ? "" : `; branch ${cleanLine(task.branch)} stays if it has commits`}`);
  for (const { id } of blocked) output.line(`${id} depends on it and stays blocked: task-master-goose depends ${id} --drop ${task.id}`);
  return exitCodes.ok;
}
