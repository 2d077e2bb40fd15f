import { commands } from "vscode";
import { commandIds } from "../model/identifiers.ts";
import type { MessageButton } from "../platform/messages.ts";

/** The way out of an empty queue. */
export const addTaskButton: MessageButton = ["Add Task", () => commands.executeCommand(commandIds.addTask)];
