import { commands } from "vscode";
import { t } from "../base/l10n.ts";
import { commandIds } from "../model/identifiers.ts";
import { tell } from "../platform/messages.ts";
import type { Command } from "./commandDeps.ts";

/** Lets the queue go on after it stopped by itself, and agents that wait for a usage limit try at once. */
export const resumeQueue: Command = async (deps) => {
  await (await deps.engine()).resumeQueue();
  tell("information", t("The queue may start tasks again."), [[t("Run All Tasks"), () => commands.executeCommand(commandIds.runAllTasks)]]);
};
