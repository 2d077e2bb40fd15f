import { window } from "vscode";
import { t } from "../base/l10n.ts";
import { blockerState, dependencyName, type Blocker } from "../model/dependencies.ts";
import type { TaskId } from "../model/ids.ts";
import { oneLine } from "../platform/oneLine.ts";
import { chooseTask } from "./chooseTask.ts";
import type { CommandDeps } from "./commandDeps.ts";
import { tell } from "../platform/messages.ts";

/** A blocked task and one of the dependencies that block it. */
export interface ChosenBlocker {
  readonly taskId: TaskId;
  readonly blocker: Blocker;
}

/** The only dependency of a blocked task that fits, or the one that the user picks; undefined when there is none or the user gave up. */
export async function chooseBlocker(
  deps: CommandDeps,
  action: "retryDependency" | "dropDependency",
  { target, fits }: { readonly target: unknown; readonly fits: (blocker: Blocker) => boolean },
): Promise<ChosenBlocker | undefined> {
  const taskId = await chooseTask(deps, action, target);
  if (taskId === undefined) return undefined;
  const blockers = (await (await deps.engine()).blockers(taskId)).filter(fits);
  const [first, second] = blockers;
  if (first === undefined) {
    tell("information", t("No dependency of this task needs that now."));
    return undefined;
  }
  if (second === undefined) return { taskId, blocker: first };
  const picks = blockers.map((blocker) => ({
    label: oneLine(dependencyName(blocker.id, blocker.title, t), 100),
    description: blockerState(blocker, { t }),
    blocker,
  }));
  const chosen = await window.showQuickPick(picks, { title: "Task Master", placeHolder: t("Which dependency?") });
  return chosen === undefined ? undefined : { taskId, blocker: chosen.blocker };
}
