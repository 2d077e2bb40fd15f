import { allowMore, budgetText } from "../model/budget.ts";
import type { Task } from "../model/task.ts";
import type { TaskEventBody } from "../model/taskEvent.ts";

/** A task that a person lets go on: where a budget held it, as much again is allowed, and the journal says so. What needed the user needs him no more. */
export function allowed(task: Task): { readonly row: Task; readonly events: readonly TaskEventBody[] } {
  const { attention, ...rest } = task;
  if (attention === undefined) return { row: task, events: [] };
  const answered = { type: "attention", attention: null } as const;
  const { use } = attention;
  if (use === undefined) return { row: rest, events: [answered] };
  const more = { ...use, limit: use.used + use.portion };
  const note = { type: "log", level: "info", message: `The user allowed more: ${budgetText(more)}.` } as const;
  return { row: { ...rest, allowances: allowMore(rest.allowances ?? {}, use) }, events: [answered, note] };
}
