import { window } from "vscode";
import { t } from "../base/l10n.ts";
import { revealed } from "../base/revealed.ts";
import { parseTaskId, type TaskId } from "../model/ids.ts";
import { commandOf, maxNote, type PermissionAnswer, type PermissionQuestion } from "../model/permission.ts";
import type { Task } from "../model/task.ts";
import { tell } from "../platform/messages.ts";
import { oneLine, withoutMarkup } from "../platform/oneLine.ts";
import { chooseTask } from "./chooseTask.ts";
import type { CommandDeps } from "./commandDeps.ts";

/** A click that comes so soon was meant for what was there before. */
const tooSoonMs = 700;
const maxDetail = 4_000;

/** A question that is open now, and whose. */
interface OpenQuestion {
  readonly taskId: TaskId;
  readonly task: Task;
  readonly question: PermissionQuestion;
}

/** The question that a command is about: of the task that it was called with, or of one that the user picks. */
export async function openQuestion(deps: CommandDeps, target: unknown): Promise<OpenQuestion | undefined> {
  const taskId = await chooseTask(deps, "answer", target);
  if (taskId === undefined) return undefined;
  const task = await (await deps.engine()).get(taskId);
  const question = task.attention?.question;
  const asked = namedQuestion(target);
  if (question === undefined || (asked !== undefined && asked !== question.id)) {
    tell("information", t('"{0}": this question is not open any more.', oneLine(task.title, 80)));
    return undefined;
  }
  return { taskId, task, question };
}

/** Gives the answer; one to a question that has just appeared under the pointer is not meant. */
export async function give(deps: CommandDeps, { taskId, question }: OpenQuestion, answer: Omit<PermissionAnswer, "questionId">): Promise<void> {
  if (Date.now() - question.askedAt < tooSoonMs) {
    tell("information", t("This question has only just been asked: look at it and answer again."));
    return;
  }
  await (await deps.engine()).answer(taskId, { questionId: question.id, ...answer });
}

/** Shows the question whole and takes any of the answers. */
export async function askForAnswer(deps: CommandDeps, open: OpenQuestion): Promise<void> {
  const { question, task } = open;
  const picks = [
    { label: `$(check) ${t("Allow once")}`, decision: "allow_once" as const, hasNote: false },
    ...(question.covers === undefined
      ? []
      : [
          {
            label: `$(check-all) ${t("Allow for this task")}`,
            description: withoutMarkup(revealed(question.covers.words)),
            decision: "allow_for_task" as const,
            hasNote: false,
          },
        ]),
    { label: `$(x) ${t("Reject")}`, decision: "reject" as const, hasNote: false },
    { label: `$(comment) ${t("Reject with a note to Goose…")}`, decision: "reject" as const, hasNote: true },
    { label: `$(open-preview) ${t("Open the run")}`, description: t("shows the whole question"), decision: undefined, hasNote: false },
  ];
  const title = t("Goose asks before it {0}", question.why);
  const pick = await window.showQuickPick(picks, { title, placeHolder: oneLine(`${task.title}: ${revealed(questionSubject(question))}`, 300) });
  if (pick === undefined) return;
  if (pick.decision === undefined) return deps.openRun(open.taskId);
  if (pick.decision !== "reject" && !isShownWhole(question) && !(await isSure(question))) return;
  const note = pick.hasNote ? await askForNote() : undefined;
  if (pick.hasNote && note === undefined) return;
  await give(deps, open, { decision: pick.decision, ...(note === undefined ? {} : { note }) });
}

/** Whether a line tells everything that would be allowed: a row or a message shows no more. */
export function isShownWhole(question: PermissionQuestion): boolean {
  const command = commandOf(question);
  return command !== undefined && command.length <= 60 && revealed(command) === command && !command.includes("\n");
}

function questionSubject(question: PermissionQuestion): string {
  return commandOf(question) ?? question.title;
}

/** The whole of it, before a yes. */
async function isSure(question: PermissionQuestion): Promise<boolean> {
  const { diff } = question;
  const what = commandOf(question) ?? (diff === undefined ? JSON.stringify(question.input ?? question.title) : `${diff.path}\n\n${diff.newText}`);
  const detail = revealed(what);
  const isCut = detail.length > maxDetail;
  if (isCut) {
    tell("information", t("This is too long for a message. Open the run to see it whole and to allow it there."));
    return false;
  }
  const allow = t("Allow");
  return (await window.showWarningMessage(t("Goose {0}. Allow it?", question.why), { modal: true, detail }, allow)) === allow;
}

async function askForNote(): Promise<string | undefined> {
  const text = await window.showInputBox({
    title: `Task Master: ${t("Reject")}`,
    prompt: t("What Goose is to know or to do instead"),
    validateInput: (value) => (value.length > maxNote ? t("At most {0} characters.", maxNote) : undefined),
  });
  return text === undefined || text.trim() === "" ? undefined : text;
}

/** A message names the question that it showed. Any extension can call a command, so nothing is taken for granted. */
function namedQuestion(target: unknown): string | undefined {
  if (typeof target !== "object" || target === null || !("questionId" in target) || !("taskId" in target)) return undefined;
  if (typeof target.taskId !== "string" || parseTaskId(target.taskId) === undefined) return undefined;
  return typeof target.questionId === "string" ? target.questionId : undefined;
}
