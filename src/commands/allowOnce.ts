import type { Command } from "./commandDeps.ts";
import { askForAnswer, give, isShownWhole, openQuestion } from "./questionAnswers.ts";

/** Allows the tool call that a task waits with; one that a row cannot show whole is shown first. */
export const allowOnce: Command = async (deps, target) => {
  const open = await openQuestion(deps, target);
  if (open === undefined) return;
  if (isShownWhole(open.question)) await give(deps, open, { decision: "allow_once" });
  else await askForAnswer(deps, open);
};
