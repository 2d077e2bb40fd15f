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

/** Who works through the queue of an engine now, so that a second call can end it. */
const going = new WeakMap<TaskEngineFacade, AbortController>();
const startNoMore = t("Start No More");

/**
 * Works through the queue until nothing is ready or the user ends it; says at the end how it went and resolves with the ids.
 * Called again meanwhile, it asks whether to end it.
 */
export const runAllTasks: Command = async (deps) => {
  const engine = await deps.engine();
  const before = going.get(engine);
  if (before !== undefined) {
    const answer = await window.showInformationMessage(t("All tasks are being run already."), startNoMore);
    if (answer === startNoMore) before.abort();
    return [];
  }
  const ids = await untold(deps, () => withProgress(engine));
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

/** Says so in the status bar: an evening's work must not cover the place where messages are written. Ended, it starts nothing more; what runs goes on to its end. */
function withProgress(engine: TaskEngineFacade): Thenable<readonly TaskId[]> {
  return window.withProgress({ location: ProgressLocation.Window, title: t("Running all tasks") }, async (progress) => {
    const controller = new AbortController();
    const { signal } = controller;
    signal.addEventListener("abort", () => progress.report({ message: t("starting no more") }));
    going.set(engine, controller);
    try {
      return await engine.runAll({}, { signal });
    } finally {
      going.delete(engine);
    }
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
