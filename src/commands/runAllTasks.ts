import { ProgressLocation, window } from "vscode";
import { t } from "../base/l10n.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { resumeQueueButton, showLogButton, showTasksButton, tell } from "../platform/messages.ts";
import { queueMessage } from "../views/queueMessage.ts";
import type { Command, CommandDeps } from "./commandDeps.ts";
import { summarizeRuns } from "./runSummary.ts";
import { tellWhatIsLeft } from "./tellWhatIsLeft.ts";

/** Works through the queue until nothing is ready or the user ends it; says at the end how it went and resolves with the ids. */
export const runAllTasks: Command = async (deps) => {
  const engine = await deps.engine();
  const ids = await untold(deps, () => withCancelButton(engine));
  if (ids.length === 0) {
    const held = queueMessage(await engine.queueStatus(), Date.now());
    if (held !== undefined) tell("warning", held, [resumeQueueButton, showLogButton]);
    else await tellWhatIsLeft(engine);
    return ids;
  }
  // What was removed meanwhile is not there to be counted.
  const tasks: readonly Task[] = (await engine.list()).filter(({ id }) => ids.includes(id));
  tell("information", summarizeRuns(tasks), [showTasksButton]);
  return ids;
};

/** A notification for as long as it works; Cancel starts nothing more, what runs goes on to its end. */
function withCancelButton(engine: TaskEngineFacade): Thenable<readonly TaskId[]> {
  const options = { location: ProgressLocation.Notification, title: t("Task Master: running all tasks"), cancellable: true };
  return window.withProgress(options, (progress, token) => {
    const controller = new AbortController();
    const listening = token.onCancellationRequested(() => {
      controller.abort();
      progress.report({ message: t("starting no more, waiting for those that run") });
    });
    return engine.runAll({}, { signal: controller.signal }).finally(() => listening.dispose());
  });
}

/** No message for each task: the one at the end tells all. */
async function untold<T>({ muteFinished }: Pick<CommandDeps, "muteFinished">, run: () => Thenable<T>): Promise<T> {
  const muted = muteFinished();
  try {
    return await run();
  } finally {
    muted.dispose();
  }
}
