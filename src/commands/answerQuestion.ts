import type { Command } from "./commandDeps.ts";
import { askForAnswer, openQuestion } from "./questionAnswers.ts";

/** Shows the question of a task and takes the answer. */
export const answerQuestion: Command = async (deps, target) => {
  const open = await openQuestion(deps, target);
  if (open !== undefined) await askForAnswer(deps, open);
};
