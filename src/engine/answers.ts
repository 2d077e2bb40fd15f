/** Answers to questions: what may be answered, and what an answer does to the task's row. */
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { maxNote, permissionDecisions, type PermissionAnswer } from "../model/permission.ts";
import type { Task } from "../model/task.ts";
import type { QueueDeps } from "./engineDeps.ts";
import type { LeaseDesk } from "./lease.ts";
import type { Ledger, RowChange } from "./ledger.ts";
import type { TaskRun } from "./taskRun.ts";
import { assertTrusted } from "./trust.ts";

/** What an answer is recorded with. */
export interface AnswerPlace {
  readonly deps: Pick<QueueDeps, "isTrusted">;
  readonly ledger: Ledger;
  readonly desk: Pick<LeaseDesk, "isHeld">;
  /** The runs of this process. */
  readonly runs: ReadonlyMap<TaskId, Pick<TaskRun, "hearAnswer">>;
}

/** Records what the user decided; whoever runs the task hears of it through the journal. Throws what `TaskEngineFacade.answer` promises. */
export async function recordAnswer({ deps, ledger, desk, runs }: AnswerPlace, id: TaskId, answer: PermissionAnswer): Promise<void> {
  assertTrusted(deps);
  assertAnswer(answer);
  await ledger.change(id, (task) => {
    const change = answered(task, answer, "user");
    if (desk.isHeld(task)) return change;
    throw new TaskMasterError("CONFLICT", `The process that asked is gone. Resume task ${id}: Goose then asks again.`);
  });
  runs.get(id)?.hearAnswer(answer);
}

/** Throws INVALID_INPUT for what no question can be answered with. */
function assertAnswer({ decision, note }: PermissionAnswer): void {
  if (!permissionDecisions.includes(decision)) throw new TaskMasterError("INVALID_INPUT", `There is no answer "${decision}".`);
  if (note === undefined) return;
  if (decision !== "reject") throw new TaskMasterError("INVALID_INPUT", "Only a rejection takes a note to Goose.");
  if (note.trim() === "") throw new TaskMasterError("INVALID_INPUT", "The note is empty.");
  if (note.length > maxNote) throw new TaskMasterError("INVALID_INPUT", `The note is longer than ${maxNote} characters.`);
}

/** The row behind an answer: the question is gone, a grant for the task is there. CONFLICT when the question is not open (any more). */
export function answered(task: Task, answer: PermissionAnswer, by: "user" | "timeout"): RowChange {
  const { attention, ...row } = task;
  const question = attention?.question;
  if (question?.id !== answer.questionId) throw notOpen(task);
  if (answer.decision === "allow_for_task" && question.covers === undefined) {
    throw new TaskMasterError("INVALID_INPUT", "This is always asked about: it can be allowed once, not for the whole task.");
  }
  const key = answer.decision === "allow_for_task" ? question.covers?.key : undefined;
  const grants = key === undefined ? {} : { grants: [...new Set([...(task.grants ?? []), key])] };
  return { task: { ...row, ...grants }, events: [{ type: "answer", answer, by }] };
}

function notOpen({ id, attention }: Task): TaskMasterError {
  if (attention?.question !== undefined) return new TaskMasterError("CONFLICT", `Goose asks something else about task ${id} by now. Look at the new question.`);
  return new TaskMasterError("CONFLICT", `The question is not open any more: it was answered in another window or terminal, or task ${id} went on without it.`);
}
