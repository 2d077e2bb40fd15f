import { commands, window } from "vscode";
import type { Logger } from "../engine/ports.ts";
import { toTaskMasterError } from "../model/errors.ts";
import { commandIds } from "../model/identifiers.ts";

/** A button of a message: its label and what it does. */
export type MessageButton = readonly [label: string, run: () => unknown];

type Show = (message: string, ...labels: string[]) => Thenable<string | undefined>;

/** The button that every failure carries. */
export const showLogButton: MessageButton = ["Show Log", () => commands.executeCommand(commandIds.showLog)];

/** Tells the user something, with buttons; never waits for the user. */
export function tell(kind: "information" | "warning" | "error", message: string, buttons: readonly MessageButton[] = []): void {
  const shows: Record<typeof kind, Show> = {
    information: window.showInformationMessage,
    warning: window.showWarningMessage,
    error: window.showErrorMessage,
  };
  const show = shows[kind];
  void show(message, ...buttons.map(([label]) => label)).then((chosen) => buttons.find(([label]) => label === chosen)?.[1]());
}

/** One message for anything thrown: the error's own words and the way to the log. What the user caused is no error of ours. */
export function tellError(thrown: unknown, log: Logger): void {
  const error = toTaskMasterError(thrown);
  const fields = { code: error.code, ...(error.details === undefined ? {} : { details: error.details }) };
  if (error.code === "INTERNAL") log.error(error.stack ?? error.message, fields);
  else log.warn(error.message, fields);
  tell(error.code === "INTERNAL" ? "error" : "warning", error.message, [showLogButton]);
}
