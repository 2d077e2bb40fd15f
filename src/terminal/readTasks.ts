import { existsSync } from "node:fs";
import type { Attempt, Task } from "../model/task.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";
import { reportQueue } from "./queueText.ts";
import { taskDetailsJson, taskJson } from "./taskJson.ts";
import { listLines, showLines } from "./taskText.ts";

/** list: all tasks in the order in which they were added. */
export async function listTasks({ engine, output, isOwnerGone }: VerbContext): Promise<number> {
  const tasks = await engine.list();
  if (tasks.length === 0) output.line('The queue is empty. Add a task: task-master-goose add "Fix the login"');
  else if (!output.json) for (const line of listLines(tasks, output, isOrphan(isOwnerGone))) output.line(line);
  for (const task of tasks) output.record("task", taskJson(task));
  reportQueue(output, await engine.queueStatus());
  return exitCodes.ok;
}

/** show: one task with its attempts. */
export async function showTask({ engine, output, isOwnerGone }: VerbContext, idOrPrefix: string): Promise<number> {
  const task = await engine.find(idOrPrefix);
  const attempts = await engine.attempts(task.id);
  const [blockers, unblocks, budget] = await Promise.all([engine.blockers(task.id), engine.whatWouldUnblock(task.id), engine.budget(task.id)]);
  const details = { task, blockers, unblocks, budget };
  output.record("task", taskDetailsJson({ ...details, attempts }));
  for (const line of showLines({ ...details, attempts: attempts.map(withoutGoneWorktree), isOrphan: isOrphan(isOwnerGone)(task) }, output.paint))
    output.line(line);
  return exitCodes.ok;
}

/** Who only looks leaves such a task as it is, but does not say that it is being worked on. */
function isOrphan(isOwnerGone: VerbContext["isOwnerGone"]): (task: Task) => boolean {
  return ({ lease }) => lease !== undefined && isOwnerGone(lease.owner);
}

/** People would look for a folder that was tidied away; programs get what the attempt had. */
function withoutGoneWorktree(attempt: Attempt): Attempt {
  const { worktree, ...rest } = attempt;
  return worktree === undefined || existsSync(worktree) ? attempt : rest;
}
