import { commands, window } from "vscode";
import { t } from "../base/l10n.ts";
import type { JsonObject } from "../base/json.ts";
import type { Logger } from "../engine/ports.ts";
import { toTaskMasterError, type TaskMasterError } from "../model/errors.ts";
import { commandIds, treeViewId } from "../model/identifiers.ts";
import { spellOutHidden } from "../base/hiddenText.ts";
import { withoutMarkup } from "./oneLine.ts";
import { remedyOf } from "./remedy.ts";

/** A button of a message: its label and what it does. */
export type MessageButton = readonly [label: string, run: () => unknown];

type Show = (message: string, ...labels: string[]) => Thenable<string | undefined>;

/** The button that every failure carries. */
export const showLogButton: MessageButton = [t("Show Log"), () => commands.executeCommand(commandIds.showLog)];

/** The button of everything that says that the queue starts nothing by itself. */
export const resumeQueueButton: MessageButton = [t("Resume Queue"), () => commands.executeCommand(commandIds.resumeQueue)];

/** The button that leads to the tree. */
export const showTasksButton: MessageButton = [t("Show Tasks"), () => commands.executeCommand(`${treeViewId}.focus`)];

/** The button for what is wrong in the settings. */
export const openSettingsButton: MessageButton = [t("Open Settings"), () => commands.executeCommand("workbench.action.openSettings", "taskMaster")];

/** The button for what a workspace may do only when it is trusted. */
const manageTrustButton: MessageButton = [t("Manage Workspace Trust"), () => commands.executeCommand("workbench.trust.manage")];

/** The button for a queue that was lost while it was open. */
const reloadButton: MessageButton = [t("Reload Window"), () => commands.executeCommand("workbench.action.reloadWindow")];

/** Tells the user something, with buttons; never waits for the user. */
export function tell(kind: "information" | "warning" | "error", message: string, buttons: readonly MessageButton[] = []): void {
  const shows: Record<typeof kind, Show> = {
    information: window.showInformationMessage,
    warning: window.showWarningMessage,
    error: window.showErrorMessage,
  };
  const show = shows[kind];
  void show(withoutMarkup(spellOutHidden(message)), ...buttons.map(([label]) => label)).then((chosen) => buttons.find(([label]) => label === chosen)?.[1]());
}

/** One message for anything thrown: the error's own words and the way to the log. What the user caused is no error of ours. */
export function tellError(thrown: unknown, log: Logger): void {
  const error = toTaskMasterError(thrown);
  if (error.code === "INTERNAL") log.error(error.stack ?? error.message, errorFields(error));
  else log.warn(error.message, errorFields(error));
  tell(error.code === "INTERNAL" ? "error" : "warning", error.message, [...remedyButtons(error), showLogButton]);
}

const remedies = { trust: manageTrustButton, settings: openSettingsButton, reload: reloadButton } as const;

function remedyButtons(error: TaskMasterError): readonly MessageButton[] {
  const remedy = remedyOf(error);
  if (remedy === undefined) return [];
  return [remedies[remedy]];
}

/** What a line of the log says about an error besides its message. */
export function errorFields(error: TaskMasterError): JsonObject {
  return { code: error.code, ...(error.details === undefined ? {} : { details: error.details }) };
}
