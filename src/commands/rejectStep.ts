import type { Command } from "./commandDeps.ts";
import { give, openQuestion } from "./questionAnswers.ts";

/** Rejects the tool call that a task waits with; Goose goes on without it. */
export const rejectStep: Command = async (deps, target) => {
  const open = await openQuestion(deps, target);
  if (open !== undefined) await give(deps, open, { decision: "reject" });
};
