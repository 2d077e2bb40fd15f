import { commands, type Disposable } from "vscode";
import { commandIds } from "../model/identifiers.ts";
import { tellError } from "../platform/messages.ts";
import { addTask } from "./addTask.ts";
import { checkSetup } from "./checkSetup.ts";
import { copyDiagnostics } from "./copyDiagnostics.ts";
import { tryDemo } from "./tryDemo.ts";
import { allowOnce } from "./allowOnce.ts";
import { answerQuestion } from "./answerQuestion.ts";
import { cancelTask } from "./cancelTask.ts";
import type { Command, CommandDeps } from "./commandDeps.ts";
import { dropDependency } from "./dropDependency.ts";
import { editDependencies } from "./editDependencies.ts";
import { openRun } from "./openRun.ts";
import { pauseTask } from "./pauseTask.ts";
import { rejectStep } from "./rejectStep.ts";
import { removeTask } from "./removeTask.ts";
import { resumeQueue } from "./resumeQueue.ts";
import { resumeTask } from "./resumeTask.ts";
import { retryDependency } from "./retryDependency.ts";
import { retryTask } from "./retryTask.ts";
import { runAllTasks } from "./runAllTasks.ts";
import { runNextTask } from "./runNextTask.ts";
import { runTask } from "./runTask.ts";
import { setUpProvider } from "./setUpProvider.ts";
import { sendMessage } from "./sendMessage.ts";
import { showLog } from "./showLog.ts";
import { startTask } from "./startTask.ts";
import { stopTask } from "./stopTask.ts";

const verbs: { readonly [K in keyof typeof commandIds]: Command } = {
  runNextTask,
  runAllTasks,
  addTask,
  runTask,
  pauseTask,
  resumeTask,
  stopTask,
  cancelTask,
  startTask,
  retryTask,
  removeTask,
  sendMessage,
  editDependencies,
  retryDependency,
  dropDependency,
  allowOnce,
  rejectStep,
  answerQuestion,
  resumeQueue,
  openRun,
  setUpProvider,
  checkSetup,
  tryDemo,
  copyDiagnostics,
  showLog,
};

/** Registers every verb of the palette; a failure becomes one message with the way to the log. */
export function registerCommands(deps: CommandDeps): readonly Disposable[] {
  return Object.entries(verbs).map(([name, verb]) =>
    commands.registerCommand(commandIds[name as keyof typeof commandIds], async (target?: unknown) => {
      try {
        return await verb(deps, target);
      } catch (thrown) {
        tellError(thrown, deps.log);
        return undefined;
      }
    }),
  );
}
