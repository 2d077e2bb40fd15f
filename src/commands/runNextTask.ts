import { t } from "../base/l10n.ts";
import { resumeQueueButton, tell } from "../platform/messages.ts";
import { queueMessage } from "../views/queueMessage.ts";
import type { Command } from "./commandDeps.ts";
import { tellWhatIsLeft } from "./tellWhatIsLeft.ts";

/** Starts the most urgent ready task and shows its run; resolves with its id once it has started. */
export const runNextTask: Command = async (deps) => {
  const engine = await deps.engine();
  const running = await engine.runNext();
  if (running === undefined) {
    const held = queueMessage(await engine.queueStatus(), Date.now());
    if (held === undefined) await tellWhatIsLeft(engine);
    else tell("information", t("No task is ready to run. {0}", held), [resumeQueueButton]);
    return undefined;
  }
  deps.openRun(running.task.id, { beside: true });
  return running.task.id;
};
