import { commands } from "vscode";
import { t } from "../base/l10n.ts";
import { commandIds } from "../model/identifiers.ts";
import type { MessageButton } from "../platform/messages.ts";

/** The way out of an empty queue. */
export const addTaskButton: MessageButton = [t("Add Task"), () => commands.executeCommand(commandIds.addTask)];
