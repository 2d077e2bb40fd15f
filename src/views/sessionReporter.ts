import { t } from "../base/l10n.ts";
import type { Disposable, Event } from "../base/event.ts";
import type { TaskMasterError } from "../model/errors.ts";
import { setContextKey } from "../platform/contextKeys.ts";
import type { Closable, ExtensionSession, SessionState } from "../platform/extensionSession.ts";
import { errorFields, openSettingsButton, showLogButton, tell } from "../platform/messages.ts";
import type { Log } from "../platform/logger.ts";

/** What an opened session has to say about how it opened. */
export interface WithWarnings extends Closable {
  readonly warnings: readonly TaskMasterError[];
  /** Tells that the queue was lost while it was open, or is damaged. */
  readonly onTrouble: Event<TaskMasterError>;
}

/** Tells the menus, the log and, when something has to be done, the user how the activation stands. */
export function reportSession<T extends WithWarnings>(session: ExtensionSession<T>, log: Log): Disposable {
  let trouble: Disposable | undefined;
  const show = (state: SessionState<T>): void => {
    setContextKey("state", state.kind);
    trouble?.dispose();
    trouble = undefined;
    if (state.kind === "active") {
      reportWarnings(state.opened.warnings, log);
      trouble = state.opened.onTrouble((error) => tell("error", error.message, [[t("Reload"), () => session.restart()], showLogButton]));
    }
    if (state.kind !== "failed") return;
    log.error(`Task Master could not start: ${state.error.message}`, errorFields(state.error));
    tell("error", t("Task Master could not start: {0}", state.error.message), [[t("Try Again"), () => session.restart()], showLogButton]);
  };
  show(session.state);
  const following = session.onDidChangeState(show);
  return {
    dispose: () => {
      trouble?.dispose();
      following.dispose();
    },
  };
}

/** One message for all malformed settings. */
export function reportSettings(problems: readonly string[], log: Log): void {
  log.warn(`Some settings of Task Master cannot be used: ${problems.join(" ")}`);
  tell("warning", t("Some settings of Task Master cannot be used: {0}", problems.join(" ")), [openSettingsButton]);
}

function reportWarnings(warnings: readonly TaskMasterError[], log: Log): void {
  for (const warning of warnings) log.warn(warning.message, errorFields(warning));
  if (warnings.length > 0) tell("warning", warnings.map(({ message }) => message).join(" "), [showLogButton]);
}
