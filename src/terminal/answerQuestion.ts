import { TaskMasterError } from "../model/errors.ts";
import type { AnswerCommand } from "./answerArguments.ts";
import { reportTask } from "./changeTask.ts";
import type { VerbContext } from "./context.ts";
import { exitCodes } from "./exitCodes.ts";

/** answer: decides on the tool call that a task waits with, in whichever process it runs. */
export async function answerQuestion({ engine, output }: VerbContext, { id: idOrPrefix, decision, note }: AnswerCommand): Promise<number> {
  const { id, attention } = await engine.find(idOrPrefix);
  if (attention?.question === undefined) throw new TaskMasterError("CONFLICT", `Task ${id} asks nothing now.`);
  await engine.answer(id, { questionId: attention.question.id, decision, ...(note === undefined ? {} : { note }) });
  reportTask({ output }, await engine.get(id));
  return exitCodes.ok;
}
