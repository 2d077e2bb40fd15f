import { window } from "vscode";
import { t } from "../base/l10n.ts";
import { toTaskMasterError } from "../model/errors.ts";
import { checkSaid } from "../model/userMessage.ts";
import { oneLine } from "../platform/oneLine.ts";
import { chooseTask } from "./chooseTask.ts";
import type { Command } from "./commandDeps.ts";
import { sayTo } from "./sayTo.ts";

/** Says something to Goose about a task: at once when it runs, as a follow-up when it has ended. */
export const sendMessage: Command = async (deps, target) => {
  const id = await chooseTask(deps, "say", target);
  if (id === undefined) return;
  const { title } = await (await deps.engine()).get(id);
  const text = await window.showInputBox({
    title: `Task Master: ${t("Send Message")}`,
    prompt: t('Goose hears it at its next step in "{0}"; a task that has ended goes on with it in a new attempt.', oneLine(title, 60)),
    placeHolder: t("What should Goose know or do?"),
    ignoreFocusOut: true,
    validateInput: problemOf,
  });
  if (text !== undefined && text.trim() !== "") await sayTo(deps, id, text);
};

function problemOf(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  try {
    checkSaid(text);
    return undefined;
  } catch (thrown) {
    return toTaskMasterError(thrown).message;
  }
}
