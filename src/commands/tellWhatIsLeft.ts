import { t } from "../base/l10n.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import { whatIsLeft } from "../model/leftover.ts";
import { showTasksButton, tell } from "../platform/messages.ts";
import { when } from "../views/taskItem.ts";
import { addTaskButton } from "./addTaskButton.ts";

/** Nothing was started: tells what there is instead. */
export async function tellWhatIsLeft(engine: TaskEngineFacade): Promise<void> {
  const now = Date.now();
  const tasks = await engine.list();
  const text = whatIsLeft(tasks, now, (time) => when(time, now), t);
  tell("information", text, [...(tasks.length === 0 ? [] : [showTasksButton]), addTaskButton]);
}
